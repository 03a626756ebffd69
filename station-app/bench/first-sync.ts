import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { adminToken, type BenchCloud, startBenchCloud } from "@waystation/cloud-api/bench/bench-cloud";
import { formatOrdersCsv, generateOrders } from "@waystation/cloud-api/modules/orders/generate-orders";
import { postgresMissing } from "@waystation/cloud-api/test-support/postgres-server";
import { engineEnvironment, engineExecArgv } from "../engine/config/runtime.ts";
import { startChild, stopChild } from "./child.ts";
import { startLinkedEngine } from "./linked-engine.ts";
import { printAgainstGoal, printPairs, printValue } from "./statistics.ts";

/**
 * A station's first fetch of every order: the real engine with an empty folder and a real cloud, in turns with the
 * official client alone, its messages parsed and dropped. `--orders N`, `--full` for a million, `--embedded` for a
 * cloud on the embedded database; `--cloud URL` fetches from one that has the orders already.
 */
const { values: options } = parseArgs({
  options: {
    orders: { type: "string" },
    full: { type: "boolean", default: false },
    embedded: { type: "boolean", default: false },
    cloud: { type: "string" },
    rounds: { type: "string", default: "1" },
  },
});
const orders = Number(options.orders ?? (options.full ? 1_000_000 : 100_000));
const name = options.full ? "first-sync-full" : "first-sync";
/** An order is three rows: itself, its shipment and its release. */
const rows = 3 * orders;
const peakGoalMegabytes = 300;
const parseChild = fileURLToPath(new URL("sync-child.ts", import.meta.url));

type Sync = { readonly seconds: number; readonly processorSeconds: number; readonly peakMegabytes: number };

const dir = mkdtempSync(join(tmpdir(), "waystation-bench-"));
await using resources = new AsyncDisposableStack();
resources.defer(() => rmSync(dir, { recursive: true, force: true }));
if (options.cloud !== undefined) await measure(options.cloud);
else {
  const kind = options.embedded || postgresMissing !== null ? "embedded" : "postgres";
  const cloud = await startBenchCloud(kind, { WAYSTATION_CLOUD_LOG_LEVEL: "warning" });
  resources.defer(cloud.stop);
  await importOrders(cloud);
  await measure(cloud.url);
  printValue(`${name}-cloud-peak`, "MB", [cloud.memory().peakMegabytes]);
}

async function measure(url: string): Promise<void> {
  const pairs: { readonly ours: Sync; readonly parsing: Sync }[] = [];
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    const parsing = await parseAlone(url, join(dir, `parse-${round}`));
    pairs.push({ parsing, ours: await fillEngine(url, join(dir, `engine-${round}`), `bench-${round}`) });
  }
  const compare = (read: (run: Sync) => number) =>
    pairs.map(({ ours, parsing }) => ({ value: read(ours), limit: read(parsing) }));
  // More rows a second are better: no ratio is too high.
  const perSecond = compare(({ seconds }) => rows / seconds);
  printPairs(name, "rows/s", perSecond, Number.POSITIVE_INFINITY);
  const processor = compare(({ processorSeconds }) => processorSeconds);
  printPairs(`${name}-processor`, "s", processor, Number.POSITIVE_INFINITY);
  const peaks = pairs.map(({ ours }) => ours.peakMegabytes);
  printAgainstGoal(`${name}-peak`, "MB", peaks, peakGoalMegabytes);
  const limits = pairs.map(({ parsing }) => parsing.peakMegabytes);
  printValue(`${name}-parse-peak`, "MB", limits);
}

/** From the engine being ready until every shape is up to date and every order visible. */
async function fillEngine(url: string, folder: string, stationId: string): Promise<Sync> {
  const engine = await startLinkedEngine(url, folder, stationId);
  try {
    const startedAt = performance.now();
    const before = engine.processorSeconds();
    await engine.waitUntilWhole();
    const seconds = (performance.now() - startedAt) / 1000;
    const { edgeLoopDelayMs } = await engine.status();
    if (edgeLoopDelayMs !== undefined) printValue(`${name}-loop-delay-p99`, "ms", [edgeLoopDelayMs.p99]);
    printValue(`${name}-resident`, "MB", [engine.memory().residentMegabytes]);
    const db = engine.openOrders();
    const visible = Number(db.prepare("SELECT count(*) FROM orders").pluck().get());
    db.close();
    if (visible !== orders) throw new Error(`${visible} of ${orders} orders are visible`);
    const processorSeconds = engine.processorSeconds() - before;
    return { seconds, processorSeconds, peakMegabytes: engine.memory().peakMegabytes };
  } finally {
    await engine.stop();
  }
}

/** On a Node with the same options as the engine's. */
async function parseAlone(url: string, folder: string): Promise<Sync> {
  const { child, ready } = await startChild(
    [...engineExecArgv, parseChild, url, folder, String(orders)],
    engineEnvironment(folder),
  );
  await stopChild(child);
  return ready as Sync;
}

/** One request, however many orders. */
async function importOrders(cloud: BenchCloud): Promise<void> {
  const startedAt = performance.now();
  const request = {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "text/csv" },
    body: Readable.toWeb(Readable.from(readLines())) as ReadableStream<Uint8Array<ArrayBuffer>>,
    // Asked for with a streamed body, and not in the DOM's types.
    duplex: "half",
  };
  const response = await fetch(`${cloud.url}/v1/orders/import?format=csv`, request);
  const reply = await response.text();
  if (!response.ok || !reply.includes(`"imported":${orders}`))
    throw new Error(`the import failed: HTTP ${response.status} ${reply.slice(0, 500)}`);
  printValue(`${name}-import`, "orders/s", [orders / ((performance.now() - startedAt) / 1000)]);
  printValue(`${name}-import-peak`, "MB", [cloud.memory().peakMegabytes]);
}

function* readLines(): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  for (const line of formatOrdersCsv(generateOrders({ seed: 1, count: orders }))) {
    if (lines.push(line) < 500) continue;
    yield encoder.encode(lines.join(""));
    lines = [];
  }
  yield encoder.encode(lines.join(""));
}
