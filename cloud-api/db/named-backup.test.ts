import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, expect, test } from "vitest";
import { ingestFacts } from "../modules/ingest/ingest-facts.ts";
import { type CloudProcess, startCloudProcess } from "../test-support/cloud-process.ts";
import { enrolOverHttp } from "../test-support/enrol-station.ts";
import { makeBatch, makeFacts } from "../test-support/make-facts.ts";
import { adminToken, asAdmin, asStation, makeTestCloud, openDatabase } from "../test-support/test-cloud.ts";
import { copyBackup, listBackups, restoreNamedBackup } from "./named-backup.ts";

const root = mkdtempSync(join(tmpdir(), "waystation-backup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const facts = makeFacts({ stationId: "s", count: 60 });

/** As the uplink does: sends what it has, and at a gap what is asked for. */
async function uploadAll(cloud: CloudProcess, headers: { authorization: string }, from: number, to: number) {
  const asked: number[] = [];
  let at = from;
  while (at <= to) {
    const batch = makeBatch("s", facts.slice(at - 1, to));
    const response = await fetch(`${cloud.url}/v1/stations/s/facts`, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...batch, wireVersion: 1 }),
    });
    const reply = (await response.json()) as {
      failure?: { code: string; details: { expectedSequence: number } };
    };
    if (response.status === 200) return asked;
    expect(reply.failure?.code).toBe("facts.gap");
    at = reply.failure?.details.expectedSequence ?? to + 1;
    asked.push(at);
  }
  return asked;
}

test("backup, more facts, restore of the older copy: the station is asked and the cloud ends complete", async () => {
  const data = join(root, "cloud");
  const kept = join(root, "kept");
  let cloud = await startCloudProcess(data);
  let station = await enrolOverHttp(cloud.url, adminToken, "s");
  await uploadAll(cloud, station.headers, 1, 20);
  const taken = await fetch(`${cloud.url}/v1/backups`, { method: "POST", headers: asAdmin });
  expect([taken.status, await taken.json()]).toEqual([201, { takenAt: expect.any(String) }]);
  const backup = await copyBackup(data, kept);
  if (!backup.ok) throw new Error(JSON.stringify(backup));
  await uploadAll(cloud, station.headers, 21, 40);

  // Not under a running cloud, and nothing is touched by the attempt.
  expect(await restoreNamedBackup(backup.value.path, data)).toMatchObject({
    ok: false,
    failure: { code: "data.in-use", details: { pid: cloud.pid } },
  });
  expect(await cloud.end("SIGTERM")).toBe(0);
  const restored = await restoreNamedBackup(backup.value.path, data);
  expect(restored).toMatchObject({ ok: true, value: { takenAt: backup.value.takenAt } });
  expect(readdirSync(data).filter((name) => name.includes(".replaced-"))).toHaveLength(2);
  expect(existsSync(join(data, "restored.json"))).toBe(true);

  cloud = await startCloudProcess(data);
  expect(existsSync(join(data, "restored.json"))).toBe(false);
  station = await enrolOverHttp(cloud.url, adminToken, "s");
  expect(await uploadAll(cloud, station.headers, 41, 60)).toEqual([21]);
  expect(await cloud.end("SIGTERM")).toBe(0);

  const database = await openDatabase({ kind: "folder", path: data });
  const stored = await database.kysely
    .selectFrom("facts")
    .select(["sequence", "text", "hash"])
    .orderBy("sequence")
    .execute();
  expect(stored).toEqual(facts);
  await database.close();
  const listed = await listBackups(data, kept);
  expect(listed.map(({ automatic }) => automatic)).toEqual([true, false]);
}, 120_000);

test("a stopped cloud is copied as it is, and shapes begin anew after the restore, also when a start dies", async () => {
  const data = join(root, "stopped");
  let database = await openDatabase({ kind: "folder", path: data });
  await ingestFacts(database, asStation("s"), makeBatch("s", facts.slice(0, 5)));
  const epochs = async () =>
    (await sql`select epoch from waystation_shapes.relations order by 1`.execute(database.kysely)).rows;
  const cloud = makeTestCloud(database);
  const { headers } = await cloud.register("s");
  expect((await cloud.app.request("/v1/shape?table=orders&offset=-1", { headers })).status).toBe(200);
  const before = await epochs();
  expect(before).not.toEqual([]);
  await database.close();
  const backup = await copyBackup(data, join(root, "kept-2"));
  if (!backup.ok) throw new Error(JSON.stringify(backup));
  expect(existsSync(join(data, "cloud.lock"))).toBe(false);
  expect(await restoreNamedBackup(backup.value.path, data)).toMatchObject({ ok: true });
  database = await openDatabase({ kind: "folder", path: data });
  expect(database.restored).toBe(true);
  expect(await epochs()).not.toEqual(before);
  expect((await database.kysely.selectFrom("facts").select("sequence").execute()).length).toBe(5);
  await database.close();
}, 60_000);

test("what is no backup is refused in words and nothing is replaced", async () => {
  const data = join(root, "stopped");
  const empty = join(root, "empty");
  mkdirSync(empty);
  const hollow = join(root, "hollow");
  mkdirSync(hollow);
  writeFileSync(
    join(hollow, "waystation-backup.json"),
    JSON.stringify({
      kind: "waystation-cloud-backup",
      version: 1,
      takenAt: "2026-01-01T00:00:00Z",
      bytes: 1,
    }),
  );
  for (const from of [empty, hollow, join(root, "nowhere"), "/dev/null"])
    expect(await restoreNamedBackup(from, data)).toMatchObject({
      ok: false,
      failure: { code: "backup.invalid" },
    });
  // The folder given to `--to` is given to `--from`, which is the first thing one tries.
  expect(await restoreNamedBackup(root, data)).toMatchObject({
    ok: false,
    failure: {
      code: "backup.invalid",
      details: { reason: `it holds 1 of them: name one, the newest is ${hollow}` },
    },
  });
  expect(existsSync(join(data, "cloud.lock"))).toBe(false);
  expect(readdirSync(data).filter((name) => name.includes(".replaced-"))).toHaveLength(1);
  expect(await copyBackup(empty, root)).toMatchObject({ ok: false, failure: { code: "backup.invalid" } });
});

test("only the installation's own token may ask for a backup", async () => {
  const cloud = await startCloudProcess(join(root, "stopped"));
  const ask = (headers: Record<string, string>) =>
    fetch(`${cloud.url}/v1/backups`, { method: "POST", headers });
  const { headers } = await enrolOverHttp(cloud.url, adminToken, "s");
  expect((await ask({})).status).toBe(401);
  expect((await ask(headers)).status).toBe(403);
  expect(await cloud.end("SIGTERM")).toBe(0);
}, 60_000);
