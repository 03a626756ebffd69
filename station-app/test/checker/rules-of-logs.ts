import { basename } from "node:path";
import {
  cloudEnd,
  type Evidence,
  forkedFrom,
  isBranchUnseen,
  type Notes,
  readLoss,
} from "./gather-evidence.ts";
import type { CloudFact } from "./read-cloud.ts";
import { type Fact, noHash, unwrapFact } from "./read-fact.ts";

const nameOf = ({ logId, sequence }: Fact): string => `${logId}/${sequence}`;

/** The cloud's facts are those of the station, byte for byte, each once. */
export function checkUnion(evidence: Evidence, { find, count }: Notes): void {
  const { run, inUse, station, cloud, places } = evidence;
  for (const [logId, sequences] of places) {
    const forked = forkedFrom(evidence, logId);
    const isUnseen = isBranchUnseen(evidence, logId);
    const loss = readLoss(evidence, logId);
    const mayBeGone = (sequence: number): boolean =>
      (logId === inUse.logId && sequence <= inUse.prunedThrough) ||
      (inUse.prunedThrough > 0 && inUse.formerLogs.some((former) => former.logId === logId)) ||
      loss?.(sequence) === true ||
      (station.forked && sequence >= forked);
    for (const [sequence, versions] of sequences) {
      const isHere = versions.some(({ inCloud, carried }) => inCloud || carried);
      for (const { inUse: isUsed, inFile, inCloud, carried } of versions) {
        count(inFile ? "stationFacts" : "factsOnlyInCloud");
        if (inFile && !inCloud && !carried && (sequence < forked || (isUnseen && isUsed))) {
          if (isHere) find("union", `the cloud has another text of ${logId}/${sequence}`);
          else if (run.quiesced || sequence <= cloudEnd(evidence, logId))
            find("union", `the cloud lacks ${logId}/${sequence}`);
        }
        if (inCloud && !inFile && !mayBeGone(sequence))
          find("union", `the cloud has ${logId}/${sequence}, and no file of the station has that text`);
      }
    }
  }
  if (cloudEnd(evidence, inUse.logId) < inUse.prunedThrough)
    find("union", `the station deleted facts through ${inUse.prunedThrough} that the cloud does not have`);
  for (const facts of cloud.logs.values()) checkColumns(facts, { find, count });
}

/** What stands beside a text in the cloud is what the text says; each stands there once. */
function checkColumns(facts: readonly CloudFact[], { find, count }: Notes): void {
  for (const [at, fact] of facts.entries()) {
    count("cloudFacts");
    if (facts[at - 1]?.sequence === fact.sequence) find("union", `the cloud has ${nameOf(fact)} twice`);
    const { type, version, lane, parcel_id } = fact.columns;
    const said = [fact.name, storable(fact.lane), storable((unwrapFact(fact) ?? fact).parcelId)];
    const stored = [`${String(type)}.v${String(version)}`, lane, parcel_id];
    if (stored.some((value, column) => value !== said[column]))
      find("union", `columns of ${nameOf(fact)} in the cloud are not what its text says`);
  }
}

/** A database cannot hold every character; where it cannot, derived columns show U+FFFD. */
export const storable = <T extends string | null>(text: T): string | null =>
  text === null ? null : text.replaceAll("\0", "\ufffd").toWellFormed();

/** Sequences count up by one: in the cloud from 1, at the station from where it was pruned. */
export function checkGaps({ cloud, files }: Evidence, { find }: Notes): void {
  for (const facts of cloud.logs.values()) checkSteps(facts, 0, (what) => find("gap", `the cloud ${what}`));
  for (const file of files.filter(({ isDamaged }) => !isDamaged)) {
    // Facts about scales stay below that line.
    const kept = file.facts.filter(
      ({ sequence, name }) => sequence > file.prunedThrough || !name.startsWith("scale."),
    );
    checkSteps(kept, file.prunedThrough, (what) => find("gap", `${basename(file.path)} ${what}`));
  }
}

function checkSteps(facts: readonly Fact[], from: number, tell: (what: string) => void): void {
  let before = from;
  for (const fact of facts) {
    if (fact.sequence <= from) tell(`has ${nameOf(fact)}, which was deleted`);
    else if (fact.sequence > before + 1) tell(`lacks ${fact.logId}/${before + 1} to ${fact.sequence - 1}`);
    before = Math.max(before, fact.sequence);
  }
}

/** Every text has its hash and names the one before it. */
export function checkChains({ cloud, files }: Evidence, { find, count }: Notes): void {
  for (const facts of cloud.logs.values()) {
    count("hashes", facts.length);
    checkChain(facts, noHash, 0, (what) => find("chain", `in the cloud ${what}`));
  }
  for (const file of files.filter(({ isDamaged }) => !isDamaged)) {
    const name = basename(file.path);
    const tell = (what: string): void => find("chain", `in ${name} ${what}`);
    if (file.trouble !== null) find("chain", `${name} is not whole: ${file.trouble}`);
    count("hashes", file.facts.length + file.salvaged.length);
    checkChain(file.facts, file.prunedHash ?? noHash, file.prunedThrough, tell);
    checkChain(file.salvaged, null, 0, tell);
  }
}

/** @param hash of the fact `through`, which the first one behind it must name; null: nobody knows. */
function checkChain(
  facts: readonly Fact[],
  hash: string | null,
  through: number,
  tell: (what: string) => void,
) {
  let before = { logId: facts[0]?.logId ?? "", sequence: through, hash };
  for (const fact of facts) {
    if (!fact.isWhole) tell(`${nameOf(fact)} is not what its hash, station, log and number say`);
    const follows = fact.logId === before.logId && fact.sequence === before.sequence + 1;
    if (follows && before.hash !== null && fact.previousHash !== before.hash)
      tell(`${nameOf(fact)} does not name the fact before it`);
    before = fact;
  }
}

/** Two texts under one key are noticed: the cloud's alarm is the only place where that is kept. */
export function checkForks(evidence: Evidence, { find, count }: Notes): void {
  const { run, station, places, cloud } = evidence;
  count("forkAlarms", cloud.alarms.length);
  const isUnseen = isBranchUnseen(evidence, evidence.inUse.logId);
  if (isUnseen) count("unseenBranches");
  if (run.quiesced && station.forked && cloud.alarms.length === 0 && !isUnseen)
    find("fork", "an older copy was put back, and nobody noticed");
  for (const [logId, sequences] of places) {
    const split = [...sequences].filter(
      ([, versions]) => versions.filter(({ fact }) => fact.isWhole).length > 1,
    );
    count("forkedFacts", split.length);
    const isNoticed = cloud.alarms.some((row) => row.log_id === logId && row.kind === "forked");
    if (split.length === 0 && isNoticed && !station.forked)
      find("fork", `an alarm tells of a fork of ${logId}, and there is none`);
    // An older copy that has not met the cloud since could not be noticed yet.
    if (split.length === 0 || isNoticed || (!run.quiesced && station.forked)) continue;
    if (isUnseen && logId === evidence.inUse.logId) continue;
    find("fork", `${logId}/${split[0]?.[0]} and ${split.length - 1} more are two texts, and nobody noticed`);
  }
}

/** What the cloud said it has, it has; what it did not call durable, nobody deleted. */
export function checkAcknowledged(evidence: Evidence, notes: Notes): void {
  const { run, inUse, cloud } = evidence;
  const tell = (what: string): void => notes.find("acknowledged", what);
  for (const row of cloud.acknowledgements) {
    notes.count("acknowledgements");
    checkHead(evidence, String(row.log_id), Number(row.received_through), String(row.last_hash), tell);
    if (Number(row.durable_through) > Number(row.received_through))
      tell(`the cloud calls more of ${String(row.log_id)} durable than it received`);
  }
  for (const logId of cloud.logs.keys())
    if (!cloud.acknowledgements.some((row) => row.log_id === logId))
      tell(`the cloud has facts of ${logId} and no acknowledgement of it`);
  const logs = [{ logId: inUse.logId, receivedThrough: inUse.acknowledgedThrough }, ...inUse.formerLogs];
  for (const { logId, receivedThrough } of logs)
    if ((run.quiesced || !run.cloudRestored) && receivedThrough > cloudEnd(evidence, logId))
      tell(`the station believes that the cloud has ${logId} through ${receivedThrough}`);
  const said = new Map(cloud.logs.get(inUse.logId)?.map(({ sequence, hash }) => [sequence, hash]));
  const other = inUse.facts.find(
    ({ sequence, hash }) =>
      sequence <= inUse.acknowledgedThrough && said.has(sequence) && said.get(sequence) !== hash,
  );
  if (other !== undefined)
    tell(`the station counts ${other.sequence} as acknowledged, and the cloud has another text of it`);
  if (inUse.durableThrough > cloudEnd(evidence, inUse.logId))
    tell(`the station was told that ${inUse.durableThrough} is durable, and the cloud does not have it`);
  if (inUse.prunedThrough > inUse.durableThrough && !run.cloudRestored)
    tell(`the station deleted through ${inUse.prunedThrough}, and ${inUse.durableThrough} is durable`);
  const last = inUse.facts.at(-1)?.sequence ?? inUse.prunedThrough;
  const isForked = forkedFrom(evidence, inUse.logId) < Infinity && !isBranchUnseen(evidence, inUse.logId);
  if (run.quiesced && !isForked && inUse.acknowledgedThrough !== last)
    tell(`the station recorded through ${last} and knows of ${inUse.acknowledgedThrough} acknowledged`);
}

function checkHead(
  { cloud }: Evidence,
  logId: string,
  received: number,
  hash: string,
  tell: (what: string) => void,
) {
  const last = cloud.logs.get(logId)?.at(-1);
  if (received !== (last?.sequence ?? 0))
    tell(`the cloud acknowledges ${logId} through ${received} and has it through ${last?.sequence ?? 0}`);
  else if (hash !== (last?.hash ?? noHash)) tell(`the cloud's last hash of ${logId} is not its last fact's`);
}
