import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { ingestFacts } from "../modules/ingest/ingest-facts.ts";
import { countFacts } from "../modules/ingest/queries.ts";
import { startCloudProcess } from "../test-support/cloud-process.ts";
import { enrolOverHttp } from "../test-support/enrol-station.ts";
import { makeBatch, makeFacts } from "../test-support/make-facts.ts";
import { until } from "../test-support/serve.ts";
import { adminToken, asStation, makeTestCloud, openDatabase } from "../test-support/test-cloud.ts";
import { scheduleBackups } from "./backup-schedule.ts";
import { connectDatabase, type Database } from "./connect.ts";

const root = mkdtempSync(join(tmpdir(), "waystation-durability-"));
const template = join(root, "template");
let folders = 0;

/** The first set-up is slow: it is done once and copied. */
beforeAll(async () => {
  await (await openDatabase({ kind: "folder", path: template })).close();
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

function newFolder(): string {
  folders += 1;
  const folder = join(root, `cloud-${folders}`);
  cpSync(template, folder, { recursive: true });
  return folder;
}

const ignore = (): void => undefined;

async function readAcknowledged(database: Database) {
  const row = await database.kysely.selectFrom("acknowledgements").selectAll().executeTakeFirstOrThrow();
  return { received: row.received_through, durable: row.durable_through };
}

async function readEpochs({ kysely }: Database): Promise<unknown> {
  return (await sql`select epoch from waystation_shapes.relations order by epoch`.execute(kysely)).rows;
}

/** Positions begin with the first one who asks. */
async function askForShape(database: Database): Promise<void> {
  const cloud = makeTestCloud(database);
  const { headers } = await cloud.register("s");
  expect((await cloud.app.request("/v1/shape?table=orders&offset=-1", { headers })).status).toBe(200);
}

/** What the lock of a process looks like after the machine was switched off under it. */
function pretendPowerCut(folder: string): void {
  writeFileSync(
    join(folder, "cloud.lock"),
    JSON.stringify({ pid: 1, started: "1", boot: "an earlier boot", doubtful: false }),
  );
}

test("a folder belongs to one process", async () => {
  const folder = newFolder();
  const first = await openDatabase({ kind: "folder", path: folder });
  const second = await connectDatabase({ kind: "folder", path: folder });
  expect(second).toMatchObject({
    ok: false,
    failure: { code: "data.in-use", details: { pid: process.pid } },
  });
  await first.close();
  expect(existsSync(join(folder, "cloud.lock"))).toBe(false);
  await (await openDatabase({ kind: "folder", path: folder })).close();
});

test("the lock of a process that died is taken over, also when its number is in use again", async () => {
  const folder = newFolder();
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  writeFileSync(
    join(folder, "cloud.lock"),
    JSON.stringify({ pid: process.pid, started: "long ago", boot, doubtful: false }),
  );
  const database = await openDatabase({ kind: "folder", path: folder });
  expect(database.restored).toBe(false);
  await database.close();
});

test("facts become durable with the backup, and a power cut falls back to exactly that", async () => {
  const folder = newFolder();
  const facts = makeFacts({ stationId: "s", count: 30 });
  let database = await openDatabase({ kind: "folder", path: folder });
  let backups = scheduleBackups(database, 3_600_000, ignore);
  expect(await ingestFacts(database, asStation("s"), makeBatch("s", facts.slice(0, 20)))).toEqual({
    ok: true,
    value: { receivedThrough: 20, durableThrough: 0 },
  });
  await backups.stop();
  expect(await readAcknowledged(database)).toEqual({ received: 20, durable: 20 });
  expect(await ingestFacts(database, asStation("s"), makeBatch("s", facts.slice(20)))).toEqual({
    ok: true,
    value: { receivedThrough: 30, durableThrough: 20 },
  });
  await askForShape(database);
  const epoch = await readEpochs(database);
  expect(epoch).not.toEqual([]);
  await database.close();

  // The files of a power cut: torn where nothing was synced.
  pretendPowerCut(folder);
  for (const name of readdirSync(join(folder, "database", "pg_wal")))
    if (/^[0-9A-F]{24}$/.test(name))
      writeFileSync(join(folder, "database", "pg_wal", name), Buffer.alloc(8192, 7));

  database = await openDatabase({ kind: "folder", path: folder });
  expect(database.restored).toBe(true);
  expect(await countFacts(database.kysely, "s")).toBe(20);
  // The station is told what is missing and sends it again.
  expect(await ingestFacts(database, asStation("s"), makeBatch("s", facts.slice(25)))).toMatchObject({
    ok: false,
    failure: { code: "facts.gap", details: { expectedSequence: 21 } },
  });
  expect(await ingestFacts(database, asStation("s"), makeBatch("s", facts.slice(20)))).toMatchObject({
    ok: true,
    value: { receivedThrough: 30 },
  });
  expect(await readEpochs(database)).not.toEqual(epoch);
  expect(readdirSync(folder).some((name) => name.startsWith("database.suspect-"))).toBe(true);

  // The second backup goes into the other copy; the first stays whole until the second is.
  backups = scheduleBackups(database, 3_600_000, ignore);
  await backups.stop();
  expect(await readAcknowledged(database)).toEqual({ received: 30, durable: 30 });
  expect(readdirSync(join(folder, "backup")).toSorted()).toEqual([
    "a",
    "a.files.json",
    "b",
    "b.files.json",
    "backup.json",
  ]);
  await database.close();
}, 60_000);

test("a backup that fails makes nothing durable", async () => {
  const folder = newFolder();
  const database = await openDatabase({ kind: "folder", path: folder });
  writeFileSync(join(folder, "backup"), "a file where the folder should be");
  const failures: unknown[] = [];
  const backups = scheduleBackups(database, 3_600_000, (error) => failures.push(error));
  await ingestFacts(database, asStation("s"), makeBatch("s", makeFacts({ stationId: "s", count: 5 })));
  await backups.stop();
  expect(failures).toHaveLength(1);
  expect(await readAcknowledged(database)).toEqual({ received: 5, durable: 0 });
  await database.close();
});

test("after a restart a backup copies only what changed, and everything where that is not known", async () => {
  const folder = newFolder();
  const facts = makeFacts({ stationId: "s", count: 20 });
  const longAgo = new Date("2020-01-01");
  const slots = ["a", "b"].map((slot) => join(folder, "backup", slot));
  const unchanging = ["PG_VERSION", "base/1/PG_VERSION"];
  const isCopiedAnew = (file: string): boolean[] =>
    slots.map((slot) => statSync(join(slot, file)).mtimeMs !== longAgo.getTime());
  const age = (): void => {
    for (const slot of slots) for (const file of unchanging) utimesSync(join(slot, file), longAgo, longAgo);
  };
  /** Starts anew and backs up something new into either folder. */
  async function backUp(): Promise<void> {
    const database = await openDatabase({ kind: "folder", path: folder });
    const backups = scheduleBackups(database, 3_600_000, ignore);
    for (const fact of facts.splice(0, 2)) {
      expect(await ingestFacts(database, asStation("s"), makeBatch("s", [fact]))).toMatchObject({ ok: true });
      await backups.takeNow();
    }
    await backups.stop();
    await database.close();
  }

  await backUp();
  // What was just written may change again unseen: the next ones copy it once more.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await backUp();
  age();
  for (const slot of slots) rmSync(join(slot, "base/1/PG_VERSION"));
  await backUp();
  expect(isCopiedAnew("PG_VERSION")).toEqual([false, false]);
  expect(isCopiedAnew("base/1/PG_VERSION")).toEqual([true, true]);
  age();
  for (const slot of slots) writeFileSync(`${slot}.files.json`, '{"PG_VER');
  await backUp();
  for (const file of unchanging) expect(isCopiedAnew(file)).toEqual([true, true]);
}, 60_000);

test("with nothing new no backup is taken", async () => {
  const folder = newFolder();
  const database = await openDatabase({ kind: "folder", path: folder });
  const takenAt = () => readFileSync(join(folder, "backup", "backup.json"), "utf8");
  const first = scheduleBackups(database, 10, ignore);
  await until(() => existsSync(join(folder, "backup", "backup.json")), "the first backup is taken");
  await first.stop();
  const before = takenAt();
  const second = scheduleBackups(database, 3_600_000, ignore);
  await second.stop();
  const third = takenAt();
  await second.stop();
  expect(takenAt()).toBe(third);
  expect(before).not.toBe(third);
  await database.close();
});

test("kill -9 in the middle of an upload: every fact once after the retry", async () => {
  const folder = newFolder();
  const facts = makeFacts({ stationId: "killed", count: 6000 });
  let cloud = await startCloudProcess(folder);
  const { headers } = await enrolOverHttp(cloud.url, adminToken, "killed");
  const send = (batch: readonly StoredFact[]) =>
    fetch(`${cloud.url}/v1/stations/killed/facts`, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...makeBatch("killed", batch), wireVersion: 1 }),
    });

  let at = 0;
  for (let kills = 0; at < facts.length; ) {
    const batch = facts.slice(at, at + 500);
    const answer = send(batch).then(
      (response) => response.status,
      () => null,
    );
    // Some kills hit before the transaction, some in it, some after its commit and before the answer.
    if (kills < 3 && at >= kills * 1500) {
      await new Promise((resolve) => setTimeout(resolve, 10 + kills * 25));
      await cloud.end("SIGKILL");
      kills += 1;
      const status = await answer;
      cloud = await startCloudProcess(folder);
      if (status !== 200) continue;
    }
    expect([200, null]).toContain(await answer);
    at += 500;
  }
  expect(await cloud.end("SIGTERM")).toBe(0);

  const database = await openDatabase({ kind: "folder", path: folder });
  const stored = await database.kysely
    .selectFrom("facts")
    .select(["sequence", "text", "hash"])
    .orderBy("sequence")
    .execute();
  expect(stored).toEqual(facts);
  // The clean stop took a backup: everything is durable.
  expect(await readAcknowledged(database)).toEqual({ received: 6000, durable: 6000 });
  const { count } = await database.kysely
    .selectFrom("parcels")
    .select(({ fn }) => fn.sum<number>("fact_count").as("count"))
    .executeTakeFirstOrThrow();
  expect(Number(count)).toBe(6000);
  await database.close();
}, 120_000);

test("a port in use and a wrong setting are said in one line, and nothing stays locked", async () => {
  const folder = newFolder();
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const blocked = await startCloudProcess(folder, { WAYSTATION_CLOUD_PORT: String(port) });
  expect(blocked.line).toMatchObject({
    event: "failed",
    failure: { code: "port.in-use", details: { port } },
  });
  expect(await blocked.exited).toBe(1);
  expect(existsSync(join(folder, "cloud.lock"))).toBe(false);
  const wrong = await startCloudProcess(folder, { WAYSTATION_CLOUD_ADMIN_TOKEN: "short" });
  expect(wrong.line).toMatchObject({ event: "failed", failure: { code: "config.invalid" } });
  expect(await wrong.exited).toBe(1);
  blocker.close();
}, 60_000);
