import { isChangeMessage, ShapeStream } from "@electric-sql/client";
import { printValue, quantile } from "@waystation/station-app/bench/statistics";
import { formatOrdersCsv, generateOrders } from "../modules/orders/generate-orders.ts";
import { adminToken, type BenchCloud, startBenchCloud } from "./bench-cloud.ts";

/**
 * Milliseconds from sending an order to the cloud until stations have its release row, each through the official
 * client over its own held request: until the only one of one has it, and until the last of a hundred has it.
 */
const stations = 100;
const writes = 40;
const pauseMs = 60;

const cloud = await startBenchCloud("postgres", { WAYSTATION_CLOUD_LOG_LEVEL: "warning" });
try {
  await importOrders(cloud, 1, 500);
  const alone = await measure(cloud, 1);
  const crowd = await measure(cloud, stations);
  printValue("fan-out-1-p95", "ms", [quantile(alone, 0.95)]);
  printValue("fan-out-100-p95", "ms", [quantile(crowd, 0.95)]);
  printValue("fan-out-memory", "MB", [cloud.memory().residentMegabytes]);
} finally {
  await cloud.stop();
}

/** Times until the last of `count` stations knew of an order. */
async function measure({ url, enrol }: BenchCloud, count: number): Promise<number[]> {
  const ended = new AbortController();
  const heard = new Map<string, number>();
  let wake = (): void => undefined;
  const ready: Promise<void>[] = [];
  for (let index = 1; index <= count; index += 1) {
    const { headers } = await enrol(`fan-${count}-${index}`);
    const stream = new ShapeStream({
      url: `${url}/v1/shape`,
      params: { table: "releases", replica: "full" },
      headers,
      signal: ended.signal,
      onError: (error) => {
        if (!ended.signal.aborted) throw error;
      },
    });
    const caughtUp = Promise.withResolvers<void>();
    ready.push(caughtUp.promise);
    stream.subscribe((messages) => {
      for (const message of messages)
        if (isChangeMessage(message)) {
          const orderId = String(message.value.order_id);
          heard.set(orderId, (heard.get(orderId) ?? 0) + 1);
        }
      if (stream.isUpToDate) caughtUp.resolve();
      wake();
    });
  }
  await Promise.all(ready);
  const times: number[] = [];
  for (let write = 1; write <= writes; write += 1) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const startedAt = performance.now();
    const orderId = await importOrders(cloud, 10_000 * count + write, 1);
    while ((heard.get(orderId) ?? 0) < count)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    times.push(performance.now() - startedAt);
  }
  ended.abort();
  return times;
}

/** Returns the number of the last order. */
async function importOrders({ url }: BenchCloud, seed: number, count: number): Promise<string> {
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
