import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adminToken, type BenchCloud, startBenchCloud } from "@waystation/cloud-api/bench/bench-cloud";
import { formatOrdersCsv, generateOrders } from "@waystation/cloud-api/modules/orders/generate-orders";
import { postgresMissing } from "@waystation/cloud-api/test-support/postgres-server";
import { pause } from "./bench-station.ts";
import { type LinkedEngine, startLinkedEngine } from "./linked-engine.ts";
import { printValue, quantile } from "./statistics.ts";

/**
 * Milliseconds from sending one order to the cloud until the real engine's orders.db shows it, its parts checked
 * against its release row: import, commit, notice, three held requests and a transaction lie between.
 */
const known = 500;
const writes = 60;
const pauseMs = 50;
const lookEveryMs = 1;
const tooLateMs = 30_000;

await using resources = new AsyncDisposableStack();
const dir = mkdtempSync(join(tmpdir(), "waystation-bench-"));
resources.defer(() => rmSync(dir, { recursive: true, force: true }));
if (postgresMissing === null) await measure("postgres", "write-to-station");
await measure("embedded", "write-to-station-embedded");

async function measure(kind: "postgres" | "embedded", name: string): Promise<void> {
  await using running = new AsyncDisposableStack();
  const cloud = await startBenchCloud(kind, { WAYSTATION_CLOUD_LOG_LEVEL: "warning" });
  running.defer(cloud.stop);
  await sendOrders(cloud, 1, known);
  const engine = await startLinkedEngine(cloud.url, join(dir, kind), "bench");
  running.defer(engine.stop);
  await engine.waitUntilWhole();
  const times = await sendAndWait(cloud, engine);
  printValue(`${name}-p50`, "ms", [quantile(times, 0.5)]);
  printValue(`${name}-p95`, "ms", [quantile(times, 0.95)]);
}

async function sendAndWait(cloud: BenchCloud, engine: LinkedEngine): Promise<number[]> {
  const db = engine.openOrders();
  const isVisible = db.prepare("SELECT 1 FROM orders WHERE order_id = ?").pluck();
  const times: number[] = [];
  for (let write = 1; write <= writes; write += 1) {
    await pause(pauseMs);
    const startedAt = performance.now();
    const orderId = await sendOrders(cloud, 1 + write, 1);
    while (isVisible.get(orderId) === undefined) {
      if (performance.now() - startedAt > tooLateMs) throw new Error(`${orderId} never came`);
      await pause(lookEveryMs);
    }
    times.push(performance.now() - startedAt);
  }
  db.close();
  return times;
}

/** Returns the number of the last order. */
async function sendOrders({ url }: BenchCloud, seed: number, count: number): Promise<string> {
  const rows = [...generateOrders({ seed, count })].map((row) => ({
    ...row,
    orderId: `${seed}-${row.orderId}`,
  }));
  const response = await fetch(`${url}/v1/orders/import?format=csv`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body: [...formatOrdersCsv(rows)].join(""),
  });
  const reply = await response.text();
  if (!response.ok || !reply.includes(`"imported":${count}`)) throw new Error(reply.slice(0, 500));
  return String(rows.at(-1)?.orderId);
}
