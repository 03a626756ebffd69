import { type Evidence, forkedFrom, type Notes } from "./gather-evidence.ts";
import type { Fact } from "./read-fact.ts";
import { groupBy } from "./rules-of-effects.ts";

type Tell = (what: string) => void;

/** Each parcel ends once, each intent has its outcome, and no doubt ends well by itself. */
export function checkEnds(evidence: Evidence, { find, count }: Notes): void {
  const { run, inUse, history } = evidence;
  const [lost, salvaged] = splitLost(evidence);
  const forks = new Map(evidence.logOrder.map((logId) => [logId, forkedFrom(evidence, logId)]));
  const lastHere = inUse.facts.at(-1)?.sequence ?? inUse.prunedThrough;
  // Behind a fork two branches tell of one parcel; the one in use is told to the end.
  const told = history.filter(
    (fact) =>
      !lost.has(fact) &&
      (fact.sequence < (forks.get(fact.logId) ?? 0) ||
        (fact.logId === inUse.logId && fact.sequence <= lastHere)),
  );
  for (const [parcelId, facts] of groupBy(told, (fact) => fact.parcelId)) {
    if (parcelId === null) continue;
    count("parcels");
    const tell: Tell = (what) => find("ended", `parcel ${parcelId} ${what}`);
    const ends = facts.filter(({ name }) => name === "parcel.ended.v1");
    if (ends.length > 1) tell(`ended ${ends.length} times`);
    // Its end may have gone with a damaged file: then nobody is asked.
    const isHurt = facts.every((fact) => salvaged.has(fact.logId));
    const isOver = run.quiesced && !isHurt;
    if (isHurt) count("parcelsInDamagedLogs");
    if (isOver && ends.length === 0) tell("never ended");
    count("intents", checkLabel(facts, isOver, tell) + checkDivert(facts, isOver, tell));
    checkDoubts(evidence, facts, tell);
  }
  checkSecondLabels(told, (what) => find("once", what));
}

/** Facts that only the cloud has of logs the station lost parts of: the station went on without them. */
function splitLost({ history, places, inUse }: Evidence): [lost: Set<Fact>, salvaged: Set<string>] {
  const salvaged = new Set(inUse.formerLogs.map(({ logId }) => logId));
  const isHere = ({ logId, sequence }: Fact): boolean =>
    places
      .get(logId)
      ?.get(sequence)
      ?.some(({ inFile }) => inFile) === true;
  const lost = history.filter((fact) => salvaged.has(fact.logId) && !isHere(fact));
  return [new Set(lost), salvaged];
}

/** A printer may repeat what it said, and may learn what it did not know; it may not say yes and no. */
function checkLabel(facts: readonly Fact[], isOver: boolean, tell: Tell): number {
  let asked = 0;
  let state: "none" | "open" | "unknown" | "printed" | "failed" = "none";
  for (const { name, payload, actorKind } of facts) {
    const said = labelSays(name, payload.printed);
    if (said === null) continue;
    if (said === "open") {
      asked += 1;
      if (state !== "none" && state !== "failed") tell(`asked for a label while one was ${state}`);
    } else if (state === "none") tell(`has a label that is ${said} and was never requested`);
    else if ((state === "printed" || state === "failed") && said !== state && said !== "unknown")
      tell(`has a label that was ${state} and then ${said}`);
    if (name === "label.resolved.v1" && actorKind !== "operator")
      tell("has a label in doubt that no person resolved");
    if (said !== "unknown" || state === "open") state = said;
  }
  if (isOver && state === "open") tell("has a label without an outcome");
  return asked;
}

function labelSays(name: string, printed: unknown): "open" | "unknown" | "printed" | "failed" | null {
  switch (name) {
    case "label.requested.v1":
      return "open";
    case "label.printed.v1":
      return "printed";
    case "label.failed.v1":
      return "failed";
    case "label.unknown.v1":
      return "unknown";
    case "label.resolved.v1":
      return printed === true ? "printed" : "failed";
    default:
      return null;
  }
}

/** A refusal may still be followed by what the sorter did; a parcel taken from the belt needs nothing more. */
function checkDivert(facts: readonly Fact[], isOver: boolean, tell: Tell): number {
  const named = (name: string): Fact[] => facts.filter((fact) => fact.name === name);
  const asked = named("divert.requested.v1");
  if (asked.length > 1) tell(`was sent to a chute ${asked.length} times`);
  const commands = new Set(asked.map(({ payload }) => payload.commandId));
  const outcomes = ["confirmed", "failed", "unknown"].map((outcome) => named(`divert.${outcome}.v1`));
  const stray = outcomes
    .flat()
    .find(({ payload }) => payload.commandId !== null && !commands.has(payload.commandId));
  if (stray !== undefined) tell(`has ${stray.name} without a request`);
  const [confirmed = [], failed = [], unknown = []] = outcomes;
  const chutes = new Set(confirmed.map(({ payload }) => payload.chute));
  if (chutes.size > 1) tell(`was confirmed in chutes ${[...chutes].join()}`);
  if ([confirmed, failed, unknown].some((same) => same.length > 1))
    tell("has the same outcome of its divert twice");
  const ended = facts.findLast(({ name }) => name === "parcel.ended.v1");
  const isTaken = reasonsOf(ended).some((code) => code === "parcel.lost" || code === "parcel.cleared");
  if (isOver && asked.length > 0 && outcomes.flat().length === 0 && !isTaken)
    tell("has a divert without an outcome");
  return asked.length;
}

function reasonsOf(fact: Fact | undefined): unknown[] {
  const reasons = fact?.payload.reasons;
  return Array.isArray(reasons) ? reasons.map((reason: { code?: unknown }) => reason.code) : [];
}

/** In doubt a belt rejects and a bench asks a person; what ends accepted was printed and confirmed. */
function checkDoubts({ station }: Evidence, facts: readonly Fact[], tell: Tell): void {
  const isBench = facts.some(({ lane }) => lane !== null && station.benchLanes.includes(lane));
  const endAt = facts.findIndex(({ name }) => name === "parcel.ended.v1");
  const before = endAt < 0 ? facts : facts.slice(0, endAt);
  const last = (prefix: string) => before.findLast(({ name }) => name.startsWith(prefix));
  const [label, divert] = [last("label."), last("divert.")];
  if (!isBench && before.some(({ name }) => name === "label.resolved.v1"))
    tell("is on a belt, and its doubt about a label was resolved by word");
  const unknownAt = before.findIndex(({ name }) => name === "label.unknown.v1");
  const sent =
    unknownAt < 0 ? undefined : before.slice(unknownAt).find(({ name }) => name === "divert.requested.v1");
  if (sent !== undefined && !station.safeChutes.includes(Number(sent.payload.chute)))
    tell(`was sent to chute ${String(sent.payload.chute)} with a label in doubt`);
  const end = facts[endAt]?.payload;
  if (end?.outcome !== "accepted") return;
  const isLabelled = label === undefined || labelSays(label.name, label.payload.printed) === "printed";
  if (!isLabelled) tell(`ended accepted after ${label.name}`);
  if (divert !== undefined && (divert.name !== "divert.confirmed.v1" || divert.payload.chute !== end.chute))
    tell(`ended accepted in chute ${String(end.chute)} after ${divert.name}`);
}

/** Of one order no second label is asked for, by whatever parcel, until it is known that the first did not come out. */
function checkSecondLabels(facts: readonly Fact[], tell: Tell): void {
  const orderOfJob = new Map<unknown, string>();
  const openJob = new Map<string, unknown>();
  for (const { name, payload } of facts) {
    const said = labelSays(name, payload.printed);
    const { jobId } = payload;
    if (said === "open") {
      const orderId = String(payload.orderId);
      const other = openJob.get(orderId);
      if (other !== undefined && other !== jobId)
        tell(`a second label of ${orderId} was requested while ${String(other)} may have come out`);
      orderOfJob.set(jobId, orderId);
      openJob.set(orderId, jobId);
    }
    const orderId = orderOfJob.get(jobId);
    if (said === "failed" && orderId !== undefined && openJob.get(orderId) === jobId) openJob.delete(orderId);
  }
}
