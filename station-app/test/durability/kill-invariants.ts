import { verifyFacts } from "../../engine/core/verify-log.ts";
import { type KillStation, rejectChute } from "./kill-station.ts";
import { factsNamed, type LoggedFact, readLog } from "./read-log.ts";

/** What the devices themselves saw, whatever any engine believes. */
export type Witness = {
  /** Diverts the PLC took, by parcel index: every one with its chute. */
  readonly commands: ReadonlyMap<number, readonly number[]>;
  readonly confirmed: ReadonlyMap<number, number>;
  /** Whole labels by order. */
  readonly labels: ReadonlyMap<string, number>;
  /** Orders of which a printer got at least the beginning of a label. */
  readonly touched: ReadonlySet<string>;
  readonly strangers: readonly string[];
};

export async function questionTwins({ twins, orderByLabel }: KillStation): Promise<Witness> {
  const commands = new Map<number, number[]>();
  for (const { event, parcelIndex, chute } of twins.sorter.events)
    if (event === "command")
      commands.set(Number(parcelIndex), [...(commands.get(Number(parcelIndex)) ?? []), Number(chute)]);
  const sorter = (await twins.sorter.ask({ command: "state" })).state as {
    confirmed: Record<string, number>;
  };
  const confirmed = new Map(Object.entries(sorter.confirmed).map(([index, chute]) => [Number(index), chute]));
  const labels = new Map<string, number>();
  const touched = new Set<string>();
  const strangers: string[] = [];
  for (const printer of [twins.beltPrinter, twins.benchPrinter]) {
    const { jobs } = (await printer.ask({ command: "state" })).state as {
      jobs: { sha256: string; bytes: number }[];
    };
    for (const [number, job] of jobs.entries()) {
      const orderId = orderByLabel.get(job.sha256);
      if (orderId !== undefined) labels.set(orderId, (labels.get(orderId) ?? 0) + 1);
      const beginning = orderId ?? (await readBeginning(printer, number));
      if (beginning === null) strangers.push(`a printer got ${job.bytes} bytes that are no order's label`);
      else touched.add(beginning);
    }
  }
  return { commands, confirmed, labels, touched, strangers };
}

async function readBeginning(
  printer: KillStation["twins"]["beltPrinter"],
  number: number,
): Promise<string | null> {
  const { base64 } = await printer.ask({ command: "job", number });
  const text = Buffer.from(String(base64), "base64").toString("latin1");
  return /\^FD(order-\d+)\^FS/.exec(text)?.[1] ?? null;
}

/** True at any moment, also between a death and the next start. Empty when all is well. */
export function findViolations(
  station: KillStation,
  seenBefore: readonly string[],
  witness: Witness,
): string[] {
  const { texts, facts } = readLog(station.factsPath);
  const verified = texts.length === 0 ? null : verifyFacts(station.factsPath);
  return [
    ...(verified?.ok === false
      ? [`the log does not verify at ${verified.sequence}: ${verified.reason}`]
      : []),
    ...seenBefore.flatMap((text, at) =>
      texts[at] === text ? [] : [`fact ${at + 1} was seen and is gone or changed`],
    ),
    ...findUnaskedDiverts(facts, witness),
    ...findUnaskedLabels(facts, witness),
  ];
}

function findUnaskedDiverts(facts: readonly LoggedFact[], { commands }: Witness): string[] {
  const asked = new Set(
    factsNamed(facts, "divert.requested.v1").map(
      ({ payload }) => `${payload.parcelIndex} to ${payload.chute}`,
    ),
  );
  return [...commands].flatMap(([index, chutes]) => [
    ...(chutes.length > 1 ? [`parcel ${index} was diverted ${chutes.length} times`] : []),
    ...chutes
      .filter((chute) => !asked.has(`${index} to ${chute}`))
      .map((chute) => `divert ${index} to ${chute} has no fact`),
  ]);
}

function findUnaskedLabels(facts: readonly LoggedFact[], { labels, touched, strangers }: Witness): string[] {
  const asked = new Set(factsNamed(facts, "label.requested.v1").map(({ payload }) => payload.orderId));
  return [
    ...strangers,
    ...[...labels]
      .filter(([, count]) => count > 1)
      .map(([orderId, count]) => `${orderId} was printed ${count} times`),
    ...[...touched]
      .filter((orderId) => !asked.has(orderId))
      .map((orderId) => `the label of ${orderId} has no fact`),
  ];
}

/** True once nothing is open any more. */
export function findUnsettled(station: KillStation, witness: Witness): string[] {
  const { facts } = readLog(station.factsPath);
  const byParcel = Map.groupBy(
    facts.filter(({ parcelId }) => parcelId !== null),
    ({ parcelId }) => parcelId ?? "",
  );
  const found = [...byParcel].flatMap(([parcelId, own]) =>
    judgeParcel(own, witness).map((what) => `${parcelId}: ${what}`),
  );
  const printedOrders = new Set(
    [...byParcel.values()]
      .filter((own) => labelFate(own) !== "failed")
      .flatMap((own) => factsNamed(own, "label.requested.v1").map(({ payload }) => payload.orderId)),
  );
  for (const orderId of witness.labels.keys())
    if (!printedOrders.has(orderId)) found.push(`${orderId} was printed and its facts say that it was not`);
  return found;
}

type LabelFate = "none" | "requested" | "printed" | "failed" | "unknown";

/** The last word about the label, a person's included. */
function labelFate(own: readonly LoggedFact[]): LabelFate {
  let fate: LabelFate = "none";
  for (const { name, payload } of own) {
    if (name === "label.resolved.v1") fate = payload.printed === true ? "printed" : "failed";
    else if (/^label\.(requested|printed|failed|unknown)\.v1$/.test(name))
      fate = name.split(".")[1] as LabelFate;
  }
  return fate;
}

function judgeParcel(own: readonly LoggedFact[], witness: Witness): string[] {
  const [ended, ...again] = factsNamed(own, "parcel.ended.v1");
  const { lane } = own[0] ?? {};
  if (ended === undefined) return ["never ended"];
  const found = again.length > 0 ? ["ended twice"] : [];
  const { outcome, chute } = ended.payload;
  const fate = labelFate(own);
  const [job] = factsNamed(own, "label.requested.v1");
  if (fate === "requested") found.push("nobody learnt what became of its label");
  if (fate === "printed" && witness.labels.get(job?.payload.orderId ?? "") !== 1)
    found.push("its label is called printed and was not");
  if (outcome === "accepted" && fate !== "printed") found.push(`accepted with its label ${fate}`);
  if (own.some(({ name }) => name === "label.unknown.v1")) found.push(...judgeDoubt(own, lane ?? null));
  const index = factsNamed(own, "parcel.inducted.v1")[0]?.payload.parcelIndex ?? null;
  if (lane === "belt" && outcome === "accepted" && witness.confirmed.get(index ?? -1) !== chute)
    found.push(`accepted to chute ${chute}, the sorter took it to ${witness.confirmed.get(index ?? -1)}`);
  return found;
}

/** An unknown label: a belt sends the parcel to the reject lane, a bench asks a person and waits. */
function judgeDoubt(own: readonly LoggedFact[], lane: string | null): string[] {
  const ended = factsNamed(own, "parcel.ended.v1")[0];
  const answered = own.some(({ name }) => name === "label.resolved.v1");
  if (lane === "bench") return answered ? [] : ["its label was unknown and no person was asked"];
  const chute = factsNamed(own, "divert.requested.v1")[0]?.payload.chute ?? rejectChute;
  const stopped = ended?.payload.outcome === "rejected" && chute === rejectChute;
  return stopped ? [] : [`its label was unknown and it went to ${chute} as ${ended?.payload.outcome}`];
}
