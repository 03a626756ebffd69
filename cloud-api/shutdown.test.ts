import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { type CloudProcess, startCloudProcess } from "./test-support/cloud-process.ts";
import { enrolOverHttp } from "./test-support/enrol-station.ts";
import { makeBatch, makeFacts } from "./test-support/make-facts.ts";
import { adminToken, openDatabase } from "./test-support/test-cloud.ts";

const root = mkdtempSync(join(tmpdir(), "waystation-shutdown-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Station = Awaited<ReturnType<typeof enrolOverHttp>>;
const stationIds = ["one", "two", "three"];

async function upload(
  cloud: CloudProcess,
  { stationId, headers }: Station,
  facts: readonly StoredFact[],
): Promise<number> {
  const response = await fetch(`${cloud.url}/v1/stations/${stationId}/facts`, {
    method: "POST",
    headers,
    body: JSON.stringify({ ...makeBatch(stationId, facts), wireVersion: 1 }),
  });
  await response.text();
  return response.status;
}

/** Uploads until the cloud is gone; the last sequence that was acknowledged. */
async function uploadWhileItLasts(
  cloud: CloudProcess,
  station: Station,
  facts: readonly StoredFact[],
): Promise<number> {
  for (let at = 0; at < facts.length; at += 100) {
    const status = await upload(cloud, station, facts.slice(at, at + 100)).catch(() => 0);
    if (status !== 200) return at;
  }
  return facts.length;
}

test("a stop under load: held requests end at once, what was acknowledged is there and durable, exit code 0", async () => {
  const folder = join(root, "load");
  const cloud = await startCloudProcess(folder, { WAYSTATION_CLOUD_LONG_POLL_MS: "40000" });
  const stations = await Promise.all(stationIds.map((id) => enrolOverHttp(cloud.url, adminToken, id)));
  const logs = stations.map(({ stationId }) => makeFacts({ stationId, count: 5000 }));
  const { held } = await holdShape(cloud, stations[0]);
  const running = stations.map((station, index) => uploadWhileItLasts(cloud, station, logs[index] ?? []));
  await until(async () => (await upload(cloud, stations[0] as Station, logs[0]?.slice(0, 1) ?? [])) === 200);

  const exit = cloud.end("SIGTERM");
  const answered = await held;
  expect(answered.status).toBe(200);
  const acknowledged = await Promise.all(running);
  expect(await exit).toBe(0);

  const database = await openDatabase({ kind: "folder", path: folder });
  const heads = await database.kysely.selectFrom("acknowledgements").selectAll().execute();
  for (const [index, { stationId }] of stations.entries()) {
    const head = heads.find((row) => row.station_id === stationId);
    // One more batch may have been taken whose answer did not come through; never one less.
    expect(head?.received_through ?? 0).toBeGreaterThanOrEqual(acknowledged[index] ?? 0);
    expect(head?.durable_through).toBe(head?.received_through);
    const { count } = await database.kysely
      .selectFrom("facts")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("station_id", "=", stationId)
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(head?.received_through ?? 0);
  }
  await database.close();
}, 120_000);

test("a request that never ends is cut off after the grace, and a second signal ends at once", async () => {
  const folder = join(root, "load");
  const patient = await startCloudProcess(folder, { WAYSTATION_CLOUD_STOP_GRACE_MS: "300" });
  const endless = await openEndless(patient);
  expect(await patient.end("SIGTERM")).toBe(0);
  await endless.over;

  const stuck = await startCloudProcess(folder, { WAYSTATION_CLOUD_STOP_GRACE_MS: "600000" });
  const other = await openEndless(stuck);
  const exit = stuck.end("SIGTERM");
  // One press of Ctrl-C may arrive twice: only a later one counts as a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  void stuck.end("SIGTERM");
  expect(await exit).toBe(1);
  await other.over;
  // Nothing is left behind that a start cannot deal with.
  const again = await startCloudProcess(folder);
  expect(again.line.event).toBe("ready");
  expect(await again.end("SIGTERM")).toBe(0);
}, 120_000);

/** An import whose body does not come to its end, once the cloud has begun with it; over when the cloud lets go of it. */
async function openEndless(cloud: CloudProcess): Promise<{ readonly over: Promise<unknown> }> {
  const sent = Promise.withResolvers<void>();
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("order id,waybill\n")),
    // The first piece was taken.
    pull: () => sent.resolve(),
  });
  const request = {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body,
    duplex: "half",
  };
  const over = fetch(`${cloud.url}/v1/orders/import?format=csv`, request).catch(() => undefined);
  await sent.promise;
  // Who comes later over another connection is answered later.
  expect((await fetch(`${cloud.url}/livez`)).status).toBe(200);
  return { over };
}

/** Follows the channels to their end and then waits there. */
async function holdShape(
  cloud: CloudProcess,
  station: Station | undefined,
): Promise<{ held: Promise<Response> }> {
  const headers = { ...station?.headers };
  const ask = (query: string) => fetch(`${cloud.url}/v1/shape?table=channels&${query}`, { headers });
  let offset = "-1";
  let handle = "";
  for (;;) {
    const response = await ask(`offset=${offset}&handle=${handle}`);
    offset = response.headers.get("electric-offset") ?? "";
    handle = response.headers.get("electric-handle") ?? "";
    await response.text();
    if (response.headers.has("electric-up-to-date")) break;
  }
  return { held: ask(`offset=${offset}&handle=${handle}&live=true`) };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
