import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { factCatalog, type FactName, joinFactName } from "@waystation/shared/facts/catalog";
import { factEnvelopeSchema } from "@waystation/shared/facts/envelope";
import { openEmbedded } from "@waystation/cloud-api/db/open-embedded";
import { checkRun, type Finding } from "../checker/check-run.ts";
import type { Row } from "../checker/run-description.ts";
import { locateOrders } from "../../engine/replica/order-files.ts";
import { findMisweighed } from "./find-misweighed.ts";
import type { Station } from "./station.ts";
import type { Traffic } from "./traffic.ts";
import { personal, safeChutes } from "./truth.ts";
import type { World } from "./world.ts";

export type Ended = {
  readonly dir: string;
  readonly stations: readonly Station[];
  readonly traffic: readonly Traffic[];
  readonly world: World;
  readonly isQuiet: boolean;
  readonly troubles: readonly string[];
};

/** Everything stands still: what is in the files, what the devices saw, and what a stranger finds in both. */
export async function collectEvidence({ dir, stations, traffic, world, isQuiet, troubles }: Ended) {
  const trace = createHash("sha256");
  const ends: Record<string, number> = {};
  let facts = 0;
  const { judge, found } = createFactJudge();
  for (const station of stations) {
    station.forgetReader();
    writeFileSync(twinLog(station), station.log.map((line) => `${JSON.stringify(line)}\n`).join(""));
    for (const line of station.log) trace.update(JSON.stringify(line));
    const db = new Database(station.paths.facts, { readonly: true });
    for (const text of db
      .prepare("SELECT text FROM facts ORDER BY sequence")
      .pluck()
      .iterate() as Iterable<string>) {
      trace.update(text);
      facts += 1;
      judge(station.stationId, text);
    }
    const outcomes = db.prepare(
      "SELECT coalesce(outcome, 'open') AS outcome, count(*) AS parcels FROM parcels GROUP BY 1",
    );
    for (const { outcome, parcels } of outcomes.all() as { outcome: string; parcels: number }[])
      ends[outcome] = (ends[outcome] ?? 0) + parcels;
    db.close();
  }
  // By code that is warm already: the checker would have the same database compiled once more, and begin cold.
  const cloud = await openEmbedded(join(dir, "cloud", "database"));
  const report = await checkRun({
    quiesced: isQuiet,
    cloudRestored: world.wasCloudRestored(),
    cloud: { query: async (text, values) => (await cloud.query<Row>(text, [...values])).rows },
    stations: stations.map((station, at) => describeStation(station, world.sites[at])),
  });
  await cloud.close();
  const findings: Finding[] = [
    ...(isQuiet ? [] : [{ rule: "end", what: "hours after the last fault parcels are still under way" }]),
    ...troubles.map((what) => ({ rule: "trouble", what })),
    ...found,
    ...stations.flatMap((station, at) =>
      findMissorted(station, traffic[at], world.sites[at]?.isForked === true),
    ),
    ...stations.flatMap((station, at) => findMisweighed(station, traffic[at])),
    ...report.findings,
  ];
  return { trace: trace.digest("hex"), facts, ends, findings, checked: report.counts };
}

const twinLog = ({ dataDir }: Station): string => join(dataDir, "twins.jsonl");

function describeStation(station: Station, site: World["sites"][number] | undefined) {
  const damaged = readdirSync(station.dataDir).filter((name) => /^facts\.damaged.*\.db$/.test(name));
  return {
    stationId: station.stationId,
    factsFiles: [
      station.paths.facts,
      ...damaged.map((name) => join(station.dataDir, name)),
      ...(site?.copies ?? []),
    ],
    ordersFile: locateOrders(station.paths.orders),
    safeChutes,
    benchLanes: ["bench"],
    twinLog: twinLog(station),
    forked: site?.isForked ?? false,
  };
}

/**
 * Facts are kept for good and their chain cannot be mended: each is what the catalogue says, its keys in the schema's
 * order, and nothing of a person is in it, for an erased consignee is erased because of that.
 */
function createFactJudge() {
  const found: Finding[] = [];
  const judge = (stationId: string, text: string): void => {
    if (found.length > 20) return;
    const say = (what: string): void =>
      void found.push({ rule: "fact", stationId, what: `${what}: ${text.slice(0, 300)}` });
    const envelope = factEnvelopeSchema.safeParse(JSON.parse(text));
    if (!envelope.success || JSON.stringify(envelope.data) !== text)
      return say("not as an envelope is written");
    const schema = factCatalog[joinFactName(envelope.data.type, envelope.data.version) as FactName];
    if (schema?.safeParse(envelope.data.payload).success !== true)
      say("its payload is not what the catalogue says");
    if (personal.some((word) => text.includes(word))) say("it tells of a person");
  };
  return { judge, found };
}

/** What only the simulation knows: how heavy the parcel really was, and whose it was. */
function findMissorted(
  { stationId, log }: Station,
  traffic: Traffic | undefined,
  hasForgotten: boolean,
): Finding[] {
  const landed = new Map(
    log
      .filter(({ event }) => event === "landed")
      .map(({ parcelIndex, chute }) => [parcelIndex, Number(chute)]),
  );
  const labels = new Set(log.flatMap(({ event, keys }) => (event === "label" ? (keys as string[]) : [])));
  const orders = new Map<string, number>();
  const findings: Finding[] = [];
  const say = (what: string): void => void findings.push({ rule: "missorted", stationId, what });
  for (const { index, truth } of traffic?.belt ?? []) {
    const chute = landed.get(index);
    if (chute === undefined || safeChutes.includes(chute)) continue;
    const name = `belt parcel ${index} of ${truth.orderId ?? "nobody"}`;
    if (chute !== truth.rightChute)
      say(`${name} lies in chute ${chute} and belongs in ${truth.rightChute ?? "none"}`);
    if (truth.orderId === null) continue;
    if (!labels.has(`WS${truth.orderId.slice(3)}`)) say(`${name} lies in chute ${chute} without its label`);
    if (orders.has(truth.orderId) && !hasForgotten)
      say(`${name} left a second time, parcel ${orders.get(truth.orderId)} had`);
    orders.set(truth.orderId, index);
  }
  return findings;
}
