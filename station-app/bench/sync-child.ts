import { join } from "node:path";
import { isChangeMessage, ShapeStream } from "@electric-sql/client";
import { stationShapes } from "@waystation/shared/wire/cloud-http";
import { openOrderLookup } from "../engine/core/order-lookup.ts";
import { followShapes, shapeTextParser } from "../engine/replica/follow-shapes.ts";
import { openOrderReplica } from "../engine/replica/order-replica.ts";
import { replicatedShapes } from "../engine/replica/shape-row.ts";
import { createTokenSource } from "../engine/replica/token-source.ts";

/**
 * One first fetch in a process of its own. Arguments: "replica" or "parse", the cloud's address, the station's token,
 * a folder and the number of orders. Prints wall and processor seconds and the peak of resident memory as one JSON line.
 */
const [kind, url = "", token = "", dir = "", orders = "0"] = process.argv.slice(2);
const abort = new AbortController();
const startedAt = performance.now();
await (kind === "replica" ? fillReplica() : parseAlone());
const seconds = (performance.now() - startedAt) / 1000;
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const figures = {
  seconds,
  cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  peakMegabytes: (maxRSS * 1024) / 1e6,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);

async function fillReplica(): Promise<void> {
  const basePath = join(dir, "orders.db");
  const replica = openOrderReplica({
    basePath,
    onFile: () => undefined,
    onTrouble: (failure) => process.stderr.write(`${JSON.stringify(failure)}\n`),
    onRestart: () => undefined,
    signal: abort.signal,
  });
  const arrived = new Set<string>();
  await new Promise<void>((resolve) => {
    const look = (): void => {
      for (const shape of replicatedShapes) if (replica.isUpToDate(shape)) arrived.add(shape);
      if (arrived.size === replicatedShapes.length) resolve();
      else setTimeout(look, 20);
    };
    followShapes({
      url,
      tokens: createTokenSource(token, () => undefined),
      replica,
      listener: {
        onAcknowledged: () => undefined,
        onAcknowledgements: () => undefined,
        onSettings: () => undefined,
        onOrders: () => undefined,
        onLink: (failure) => failure && process.stderr.write(`${JSON.stringify(failure)}\n`),
      },
      signal: abort.signal,
    });
    look();
  });
  const lookup = openOrderLookup(basePath, 99);
  const db = replica.openReader();
  const visible = Number(db.prepare("SELECT count(*) FROM orders").pluck().get());
  if (visible !== Number(orders)) throw new Error(`${visible} of ${orders} orders are visible`);
  lookup.close();
}

/** What no replica can do without: the same shapes through the same client, its messages parsed and dropped. */
async function parseAlone(): Promise<void> {
  let rows = 0;
  await Promise.all(
    stationShapes.map(
      (table) =>
        new Promise<void>((resolve) => {
          const stream = new ShapeStream<Record<string, string>>({
            url: `${url}/v1/shape`,
            params: { table, replica: "full" },
            headers: { authorization: `Bearer ${token}` },
            parser: shapeTextParser,
            signal: abort.signal,
          });
          stream.subscribe((messages) => {
            for (const message of messages) {
              if (isChangeMessage(message)) rows += 1;
              else if (message.headers.control === "up-to-date") resolve();
            }
          });
        }),
    ),
  );
  if (rows < 3 * Number(orders)) throw new Error(`${rows} rows came for ${orders} orders`);
}
