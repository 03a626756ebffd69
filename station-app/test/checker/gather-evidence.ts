import { type CloudFact, type CloudStation, readCloudStation } from "./read-cloud.ts";
import { type Fact, readCarried } from "./read-fact.ts";
import { type FactsFile, type OrdersFile, readFactsFile, readOrdersFile } from "./read-station.ts";
import { readTwinLog, type TwinEvent } from "./read-twins.ts";
import type { Query, RunDescription, StationDescription } from "./run-description.ts";

/** One text found for a sequence of a log, and where. */
export type Version = {
  readonly fact: Fact;
  inUse: boolean;
  inFile: boolean;
  inCloud: boolean;
  /** The cloud has it within facts of another log. */
  carried: boolean;
};

/** Everything known of one station. */
export type Evidence = {
  readonly run: RunDescription;
  readonly station: StationDescription;
  readonly files: readonly FactsFile[];
  readonly inUse: FactsFile;
  readonly cloud: CloudStation;
  /** By log and sequence. Two versions at one place are a fork. */
  readonly places: ReadonlyMap<string, ReadonlyMap<number, readonly Version[]>>;
  /** Oldest first; the log in use is the last. */
  readonly logOrder: readonly string[];
  /** Each sequence of each log once, in order: the file in use says which text counts. */
  readonly history: readonly Fact[];
  readonly orders: OrdersFile | null;
  /** Null: nobody watched the devices. */
  readonly twins: readonly TwinEvent[] | null;
};

/** Rules say here what they find and how much they looked at. */
export type Notes = {
  readonly find: (rule: string, what: string, stationId?: string) => void;
  readonly count: (name: string, by?: number) => void;
};

export async function gatherEvidence(
  run: RunDescription,
  station: StationDescription,
  query: Query,
): Promise<Evidence> {
  const files = station.factsFiles.map((path) => readFactsFile(path, station.stationId));
  const [inUse] = files;
  if (inUse === undefined) throw new Error(`${station.stationId} has no facts.db`);
  const cloud = await readCloudStation(query, station.stationId);
  const places = collectVersions(files, cloud);
  const logOrder = orderLogs(inUse, places, cloud);
  return {
    ...{ run, station, files, inUse, cloud, places, logOrder },
    history: writeHistory(inUse, places, logOrder),
    orders: station.ordersFile === null ? null : readOrdersFile(station.ordersFile),
    twins: station.twinLog === null ? null : readTwinLog(station.twinLog),
  };
}

/** A text without its hash counts nowhere but in the file in use and the cloud, where the chain's rule names it. */
function collectVersions(
  files: readonly FactsFile[],
  cloud: CloudStation,
): Map<string, Map<number, Version[]>> {
  const places = new Map<string, Map<number, Version[]>>();
  const add = (fact: Fact, where: Partial<Version>): void => {
    const log = places.get(fact.logId) ?? new Map<number, Version[]>();
    places.set(fact.logId, log);
    const versions = log.get(fact.sequence) ?? [];
    log.set(fact.sequence, versions);
    const known = versions.find((version) => version.fact.text === fact.text);
    if (known !== undefined) Object.assign(known, where);
    else versions.push({ fact, inUse: false, inFile: false, inCloud: false, carried: false, ...where });
  };
  for (const [at, file] of files.entries())
    for (const fact of [...file.facts, ...file.salvaged])
      if (at === 0 || fact.isWhole) add(fact, { inFile: true, ...(at === 0 ? { inUse: true } : {}) });
  for (const facts of cloud.logs.values()) {
    for (const fact of facts) add(fact, { inCloud: true });
    for (const fact of readCarried(facts)) add(fact, { carried: true });
  }
  return places;
}

function orderLogs(
  { logId, formerLogs }: FactsFile,
  places: ReadonlyMap<string, unknown>,
  cloud: CloudStation,
): string[] {
  const known = [...formerLogs.map((former) => former.logId), logId];
  const arrived = (log: string): number => cloud.logs.get(log)?.[0]?.arrivedAt ?? 0;
  const others = [...places.keys()].filter((log) => !known.includes(log));
  return [...others.toSorted((one, other) => arrived(one) - arrived(other)), ...known];
}

/** Of two texts the one in use: what that file deleted, it deleted because the cloud had it. */
function writeHistory(inUse: FactsFile, places: Evidence["places"], logOrder: readonly string[]): Fact[] {
  const pick = (logId: string, sequence: number, versions: readonly Version[]): Version | undefined =>
    versions.find((version) => version.inUse) ??
    (logId === inUse.logId && sequence <= inUse.prunedThrough
      ? versions.find(({ inCloud }) => inCloud)
      : undefined) ??
    versions.find(({ inFile }) => inFile) ??
    versions[0];
  return logOrder.flatMap((logId) =>
    [...(places.get(logId) ?? [])]
      .toSorted(([one], [other]) => one - other)
      .flatMap(([sequence, versions]) => pick(logId, sequence, versions)?.fact ?? []),
  );
}

/**
 * An older copy was put back, and nothing of what the file knew above it had ever left the station: the cloud has the
 * texts of the file in use and no other. No one can notice that.
 */
export function isBranchUnseen({ run, station, inUse, cloud, places }: Evidence, logId: string): boolean {
  const alarms = cloud.alarms.filter((row) => row.log_id === logId);
  if (!station.forked || !run.quiesced || logId !== inUse.logId || alarms.length > 0) return false;
  const versions = [...(places.get(logId) ?? [])].filter(([sequence]) => sequence > inUse.prunedThrough);
  return versions.every(([, texts]) => texts.every((text) => text.inUse || !text.inCloud));
}

/** This log is two, and the cloud noticed or could not: numbers from here on are in doubt. Infinity: it is one. */
export function forkedFrom(evidence: Evidence, logId: string): number {
  const { cloud, places } = evidence;
  const alarms = cloud.alarms.filter((row) => row.log_id === logId).map((row) => Number(row.sequence));
  if (alarms.length === 0 && !isBranchUnseen(evidence, logId)) return Infinity;
  const split = [...(places.get(logId) ?? [])].filter(([, versions]) => versions.length > 1);
  return Math.min(...alarms, ...split.map(([sequence]) => sequence));
}

/** The newest sequence the cloud has of a log; 0 where it has none. */
export const cloudEnd = ({ cloud }: Evidence, logId: string): number =>
  cloud.logs.get(logId)?.at(-1)?.sequence ?? 0;

export const cloudFacts = ({ cloud }: Evidence): CloudFact[] => [...cloud.logs.values()].flat();

/** What `log.salvaged.v1` admits of a former log; null where the log was never salvaged. */
export function readLoss({ history }: Evidence, logId: string): ((sequence: number) => boolean) | null {
  const told = history.findLast(
    ({ name, payload }) => name === "log.salvaged.v1" && payload.formerLogId === logId,
  );
  if (told === undefined) return null;
  const { firstReadable, lastReadable, lost } = told.payload;
  const holes = (Array.isArray(lost) ? lost : []) as readonly { from: number; to: number }[];
  return (sequence) =>
    firstReadable === null ||
    sequence < Number(firstReadable) ||
    sequence > Number(lastReadable) ||
    // No more than fifty holes are named.
    holes.length >= 50 ||
    holes.some(({ from, to }) => from <= sequence && sequence <= to);
}
