import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeBatch, makeFacts } from "@waystation/cloud-api/test-support/make-facts";
import {
  postgresMissing,
  type PostgresServer,
  startPostgres,
} from "@waystation/cloud-api/test-support/postgres-server";
import { asStation, makeTestCloud, openDatabase } from "@waystation/cloud-api/test-support/test-cloud";
import { ingestFacts } from "@waystation/cloud-api/modules/ingest/ingest-facts";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import Database from "better-sqlite3";
import { afterAll, expect, test } from "vitest";
import { markDamaged, salvageIfDamaged } from "../../engine/core/salvage.ts";
import { openStore, systemSources } from "../../engine/core/store.ts";
import { openStationBench } from "../support/station-bench.ts";
import { checkFromCommandLine } from "./check.ts";
import { checkRun, type RunInput } from "./check-run.ts";
import { type MadeRun, makeRun } from "./make-run.test-support.ts";

/** Databases are started here, which a busy machine does in its own time. */
const slowly = { timeout: 120_000 };
const root = mkdtempSync(join(tmpdir(), "waystation-checker-sources-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** An empty station and a cloud that has twelve facts of it. */
async function fill(config: Parameters<typeof openDatabase>[0]): Promise<RunInput["stations"]> {
  const database = await openDatabase(config);
  await makeTestCloud(database).register("station-1");
  const facts = makeFacts({ stationId: "station-1", count: 12 });
  await ingestFacts(database, asStation("station-1"), makeBatch("station-1", facts));
  await database.close();
  const dir = mkdtempSync(join(root, "station-"));
  openStore(join(dir, "facts.db"), "station-1").close();
  const station = { stationId: "station-1", factsFiles: [join(dir, "facts.db")], ordersFile: null };
  return [{ ...station, safeChutes: [99], benchLanes: [], twinLog: null, forked: false }];
}

async function runCommand(run: unknown, ...args: string[]): Promise<{ code: number; text: string }> {
  const path = join(root, "run.json");
  writeFileSync(path, JSON.stringify(run));
  let text = "";
  const code = await checkFromCommandLine([path, ...args], (part) => {
    text += part;
  });
  return { code, text };
}

test(
  "the command reads an embedded cloud's folder, leaves it as it is, and says what it found",
  slowly,
  async () => {
    const folder = join(root, "cloud");
    const stations = await fill({ kind: "folder", path: folder });
    const run = { quiesced: true, cloud: { folder }, stations };
    const first = await runCommand(run, "--json");
    const { findings, counts } = JSON.parse(first.text);
    expect([first.code, counts.cloudFacts, counts.cloudParcels]).toEqual([1, 12, 3]);
    expect(findings).toHaveLength(12);
    expect(findings[0].what).toMatch(/^the cloud has log-1\/1, and no file/);
  },
);

const aStation = {
  ...{ stationId: "s", factsFiles: ["f"], ordersFile: null, safeChutes: [99], benchLanes: [] },
  ...{ twinLog: null, forked: false },
};
test.each([
  ["the description: an object is expected", []],
  ["the description: clowd is not known", { quiesced: true, clowd: 1 }],
  ["quiesced: true or false is expected", { cloud: { folder: "f" }, stations: [aStation] }],
  [
    "cloud: one of folder, postgresUrl and query is expected",
    { quiesced: true, cloud: {}, stations: [aStation] },
  ],
  ["stations: at least one is expected", { quiesced: true, cloud: { folder: "f" }, stations: [] }],
  [
    "stations[0].safeChutes[0]: a number is expected",
    { quiesced: true, cloud: { folder: "f" }, stations: [{ ...aStation, safeChutes: ["99"] }] },
  ],
  [
    `cloud.folder: no database lies in ${root}`,
    { quiesced: true, cloud: { folder: root }, stations: [aStation] },
  ],
])("it does not understand: %s", async (message, run) => {
  expect(await runCommand(run)).toEqual({ code: 2, text: `${message}\n` });
});

test("a command without a file says how it is used", async () => {
  const said = promisify(execFile)(process.execPath, [join(import.meta.dirname, "check.ts")]);
  const stdout = "node station-app/test/checker/check.ts RUN.json [--json]\n";
  await expect(said).rejects.toMatchObject({ code: 2, stdout });
});

test("a line of a twin that makes no sense is named; one torn off at the end is not read", async () => {
  const dir = mkdtempSync(join(root, "twins-"));
  openStore(join(dir, "facts.db"), "s").close();
  const twinLog = join(dir, "twins.jsonl");
  const station = { ...aStation, factsFiles: [join(dir, "facts.db")], twinLog };
  const input: RunInput = { quiesced: false, cloud: { query: async () => [] }, stations: [station] };
  writeFileSync(twinLog, '{"event":"landed","parcelIndex":1,"chute":3}\n{"event":"landed","parc');
  expect((await checkRun(input)).counts.landed).toBe(1);
  writeFileSync(
    twinLog,
    '{"event":"landed","parcelIndex":1,"chute":3}\n{"event":"landed","parcelIndex":1}\n',
  );
  await expect(checkRun(input)).rejects.toThrow(`${twinLog}, line 2, chute: a number is expected`);
});

/** The first weight on the belt and the size behind it cannot be read any more; what lies behind goes up within the new log. */
async function salvage(made: MadeRun, hole: number): Promise<string> {
  const dir = join(made.root, "salvaged");
  cpSync(join(made.root, "whole"), dir, { recursive: true });
  const path = join(dir, "facts.db");
  const db = new Database(path);
  db.exec(`DELETE FROM facts WHERE sequence IN (${hole}, ${hole + 1}); VACUUM`);
  db.close();
  markDamaged(path, "test", Date.now());
  const [saved] = salvageIfDamaged(path, "station-1", systemSources()) ?? [];
  const logId = saved?.logId ?? "";
  const { store, core, close } = openStationBench({ dir });
  core.start();
  store.settleFormer(logId, hole - 1);
  while (store.carryFormer(50));
  store.saveFormerReceived(logId, { receivedThrough: hole - 1, durableThrough: 0 });
  store.saveAcknowledged({ receivedThrough: store.lastSequence(), durableThrough: 0 });
  close();
  const salvaged = new Database(path, { readonly: true });
  const sql = "SELECT sequence, text, lower(hex(hash)) AS hash FROM facts ORDER BY sequence";
  await made.send(salvaged.prepare(sql).all() as StoredFact[]);
  salvaged.close();
  return path;
}

/** On PostgreSQL, where it is there: so that is read once, too. */
async function checkSalvaged(server: PostgresServer | null): Promise<void> {
  const config = server === null ? null : ({ kind: "postgres", url: server.url } as const);
  const made = await makeRun({ receivedThrough: 0, ...(config === null ? {} : { config }) });
  try {
    const at = made.facts.findIndex(({ text }) => text.includes('"parcel.weighed"'));
    await made.send(made.facts.slice(0, at));
    const factsFiles = [await salvage(made, at + 1)];
    const cloud = server === null ? { query: made.query } : { postgresUrl: server.url };
    const check = (stations: RunInput["stations"]) => checkRun({ quiesced: true, cloud, stations });
    const { findings, counts } = await check([{ ...made.station, factsFiles }]);
    expect(findings).toEqual([]);
    expect(counts).toMatchObject({
      stationParcels: 13,
      parcelsInDamagedLogs: 13,
      diverts: 10,
      visibleOrders: 20,
    });

    // The damaged file alone admits nothing, so nothing is taken for lost.
    const unadmitted = await check([made.station]);
    const said = unadmitted.findings.map(({ rule, what }) => `${rule}: ${what}`);
    expect(said).toContainEqual(expect.stringMatching(/^union: the cloud has .+ no file of the station/));
    // A fact that was carried over is missed like any other.
    await made.run("ALTER TABLE facts DISABLE TRIGGER USER");
    await made.run(
      "DELETE FROM facts WHERE type = 'fact.salvaged' AND text::jsonb -> 'payload' ->> 'sequence' = '120'",
    );
    const { findings: missed } = await check([{ ...made.station, factsFiles }]);
    expect(missed.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^the cloud lacks .+\/120$/));
  } finally {
    await made.remove();
  }
}

test(
  "what a damaged log admits to have lost is not missing, and what it carried over is there",
  slowly,
  async () => {
    const server = postgresMissing === null ? await startPostgres() : null;
    try {
      await checkSalvaged(server);
    } finally {
      await server?.stop();
    }
  },
);
