import { type Evidence, gatherEvidence, type Notes } from "./gather-evidence.ts";
import { connectCloud } from "./read-cloud.ts";
import { checkEnds } from "./rules-of-ends.ts";
import { checkChutes, checkForgotten, checkIntents, checkOnce } from "./rules-of-effects.ts";
import { checkAcknowledged, checkChains, checkForks, checkGaps, checkUnion } from "./rules-of-logs.ts";
import { checkLedgers, checkParcels, checkReleases, checkReplica } from "./rules-of-tables.ts";
import { readDescription, type RunDescription } from "./run-description.ts";

export type Finding = { readonly rule: string; readonly stationId?: string; readonly what: string };
export type CheckReport = {
  readonly findings: readonly Finding[];
  /** What was looked at, so that an empty run cannot pass for a good one. */
  readonly counts: Readonly<Record<string, number>>;
};
export type RunInput = Omit<RunDescription, "cloudRestored"> & { readonly cloudRestored?: boolean };

const rules: readonly ((evidence: Evidence, notes: Notes) => void)[] = [
  ...[checkUnion, checkGaps, checkChains, checkForks, checkAcknowledged],
  ...[checkParcels, checkReleases, checkReplica],
  ...[checkIntents, checkOnce, checkChutes, checkForgotten, checkEnds],
];

/**
 * Reads what a run left behind and says what is wrong with it. Changes nothing.
 * Throws an Error that says which part of the description, or which line of a twin's log, it does not understand.
 */
export async function checkRun(description: RunInput): Promise<CheckReport> {
  const run = readDescription(description);
  const { notes, report } = takeNotes();
  const { query, close } = await connectCloud(run.cloud);
  try {
    for (const station of run.stations) {
      notes.count("stations");
      const evidence = await gatherEvidence(run, station, query);
      const find: Notes["find"] = (rule, what) => notes.find(rule, what, station.stationId);
      for (const rule of rules) rule(evidence, { ...notes, find });
    }
    await checkLedgers(query, notes);
    await findStrangers(run, query, notes);
  } finally {
    await close();
  }
  return report();
}

/** Facts of a station that nobody described. */
async function findStrangers(
  { stations }: RunDescription,
  query: Parameters<typeof checkLedgers>[0],
  { find }: Notes,
): Promise<void> {
  const known = stations.map(({ stationId }) => stationId);
  for (const { station_id } of await query("SELECT DISTINCT station_id FROM acknowledgements", []))
    if (!known.includes(String(station_id))) find("union", `the cloud has facts of ${String(station_id)}`);
}

/** One broken thing often shows in every row; this many of a rule and station are told in words. */
const toldOfEach = 50;

function takeNotes(): { readonly notes: Notes; readonly report: () => CheckReport } {
  const findings: Finding[] = [];
  const counts: Record<string, number> = {};
  const told = new Map<string, number>();
  const count: Notes["count"] = (name, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const find: Notes["find"] = (rule, what, stationId) => {
    const key = `${rule} ${stationId ?? ""}`;
    told.set(key, (told.get(key) ?? 0) + 1);
    if ((told.get(key) ?? 0) > toldOfEach) count("findingsLeftOut");
    else findings.push({ rule, ...(stationId === undefined ? {} : { stationId }), what });
  };
  return { notes: { find, count }, report: () => ({ findings, counts }) };
}
