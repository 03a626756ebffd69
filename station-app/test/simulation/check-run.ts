import type { BeltParcel } from "./belt.ts";
import type { Run } from "./run-simulation.ts";
import { safeChutes } from "./truth.ts";

/**
 * Compares what really happened with what the station wrote. It knows the physical truth and reads facts as plain
 * JSON; nothing of the product helps it. Empty when all is well, else one sentence per violation.
 */
export function findViolations(run: Run): string[] {
  const log = readLog(run.texts);
  return [
    ...(run.verification.ok ? [] : [`the log does not verify: ${run.verification.reason}`]),
    ...run.objections,
    ...findDoubleLabels(run),
    ...run.belt.flatMap((parcel) => checkBeltParcel(run, log, parcel)),
    ...findDoubleShipments(run, log),
    ...checkBench(run, log),
    ...findUnended(log),
  ];
}

type Fact = {
  readonly type: string;
  readonly lane: string | null;
  readonly parcelId: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
};
type Log = {
  readonly facts: readonly Fact[];
  readonly of: (parcelId: string) => readonly Fact[];
  readonly parcelIds: readonly string[];
};

export function readLog(texts: readonly string[]): Log {
  const facts = texts.map((text) => JSON.parse(text) as Fact);
  const byParcel = new Map<string, Fact[]>();
  for (const fact of facts) {
    if (fact.parcelId === null) continue;
    const known = byParcel.get(fact.parcelId);
    if (known === undefined) byParcel.set(fact.parcelId, [fact]);
    else known.push(fact);
  }
  return { facts, of: (parcelId) => byParcel.get(parcelId) ?? [], parcelIds: [...byParcel.keys()] };
}

const readValue = (facts: readonly Fact[], type: string, key: string): unknown =>
  facts.find((fact) => fact.type === type)?.payload[key];

function findDoubleLabels({ labels }: Run): string[] {
  const orders = labels.map(({ orderId }) => orderId);
  return [...new Set(orders)]
    .filter((orderId) => orders.indexOf(orderId) !== orders.lastIndexOf(orderId))
    .map((orderId) => `${orderId} has two labels`);
}

function checkBeltParcel(run: Run, log: Log, parcel: BeltParcel): string[] {
  const { index, truth, landed, commands } = parcel;
  const name = `belt parcel ${index}`;
  const known = log.parcelIds.filter(
    (parcelId) => readValue(log.of(parcelId), "parcel.inducted", "parcelIndex") === index,
  );
  const violations: string[] = [];
  if (landed === null) violations.push(`${name} never landed`);
  if (commands > 1) violations.push(`${name} was diverted ${commands} times`);
  if (known.length > 1) violations.push(`${name} is ${known.length} parcels in the log`);
  if (parcel.isAnnounced && known.length === 0 && !isTurnedAway(log, index))
    violations.push(`${name} was announced and forgotten`);
  const isOut = landed !== null && !safeChutes.includes(landed);
  if (isOut && landed !== truth.rightChute)
    violations.push(`${name} lies in chute ${landed} and belongs in ${truth.rightChute ?? "none"}`);
  const [parcelId] = known;
  if (
    isOut &&
    !run.labels.some((label) => label.orderId === truth.orderId && label.jobId === `${parcelId}/label`)
  )
    violations.push(`${name} lies in chute ${landed} without the label of ${truth.orderId}`);
  if (parcelId !== undefined && isAccepted(log, parcelId) && !isOut)
    violations.push(`${name} is accepted and lies in chute ${landed}`);
  return violations;
}

/** The log says why a parcel was not taken: the lane was full, or its reading had come first. */
const isTurnedAway = ({ facts }: Log, index: number): boolean =>
  facts.some(
    ({ type, payload }) =>
      type === "reading.discarded" && payload.kind === "induct" && payload.parcelIndex === index,
  );

const isAccepted = (log: Log, parcelId: string): boolean =>
  readValue(log.of(parcelId), "parcel.ended", "outcome") === "accepted";

/** One parcel of an order leaves, from whatever lane. */
function findDoubleShipments({ belt }: Run, log: Log): string[] {
  const left = belt
    .filter(({ landed }) => landed !== null && !safeChutes.includes(landed))
    .map(({ truth }) => truth.orderId);
  const packed = log.parcelIds
    .filter((parcelId) => log.of(parcelId)[0]?.lane === "bench" && isAccepted(log, parcelId))
    .map((parcelId) => readValue(log.of(parcelId), "parcel.judged", "orderId"));
  const orders = [...left, ...packed];
  return [...new Set(orders)]
    .filter((orderId) => orders.indexOf(orderId) !== orders.lastIndexOf(orderId))
    .map((orderId) => `${orderId} left twice`);
}

function checkBench({ bench, labels }: Run, log: Log): string[] {
  return log.parcelIds
    .filter((parcelId) => log.of(parcelId)[0]?.lane === "bench" && isAccepted(log, parcelId))
    .flatMap((parcelId) => {
      const barcode = readValue(log.of(parcelId), "parcel.scanned", "data");
      const truth = bench.find((parcel) => parcel.truth.barcode === barcode)?.truth;
      if (truth === undefined || truth.rightChute === null)
        return [`bench parcel ${parcelId} is accepted and must not leave`];
      const isLabelled = labels.some(
        (label) => label.jobId === `${parcelId}/label` && label.orderId === truth.orderId,
      );
      return isLabelled ? [] : [`bench parcel ${parcelId} is accepted without its label`];
    });
}

function findUnended(log: Log): string[] {
  return log.parcelIds.flatMap((parcelId) => {
    const ends = log.of(parcelId).filter(({ type }) => type === "parcel.ended").length;
    return ends === 1 ? [] : [`parcel ${parcelId} ended ${ends} times`];
  });
}
