import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatOrdersCsv, generateOrders } from "@waystation/cloud-api/modules/orders/generate-orders";
import { postgresMissing, startPostgres } from "@waystation/cloud-api/test-support/postgres-server";
import { createCloudClient } from "../cli/start/call-cloud.ts";
import { enrolOwnStation } from "../cli/start/prepare-cloud.ts";
import { fetchToken } from "../engine/edge/cloud-access.ts";
import { openKeyFile } from "../engine/edge/station-key.ts";
import { startChild, stopChild } from "./child.ts";
import { printPairs, printValue } from "./statistics.ts";
import { withFolder } from "./with-folder.ts";

/**
 * A station's first fetch of every order from a real cloud through the official client into orders.db, in turns with
 * the same client and the same shapes when its messages are parsed and dropped. ORDERS in the environment changes how
 * many there are: 1,000,000 on PostgreSQL, 100,000 where there is none.
 */
const onPostgres = postgresMissing === null;
const orders = Number(process.env.ORDERS ?? (onPostgres ? 1_000_000 : 100_000));
const rounds = Number(process.env.ROUNDS ?? 1);
const rowsPerImport = 50_000;
const adminToken = "bench-admin-token-of-this-run";
const server = fileURLToPath(import.meta.resolve("@waystation/cloud-api/server"));
const syncChild = fileURLToPath(new URL("sync-child.ts", import.meta.url));

type Sync = { readonly rowsPerSecond: number; readonly cpuSeconds: number; readonly peakMegabytes: number };

await withFolder(async (parent) => {
  const dir = join(parent, "first-sync");
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  const postgres = onPostgres ? await startPostgres() : null;
  const { child, ready } = await startChild([server], {
    WAYSTATION_CLOUD_PORT: "0",
    WAYSTATION_CLOUD_DATA_DIR: join(dir, "cloud"),
    WAYSTATION_CLOUD_ADMIN_TOKEN: adminToken,
    ...(postgres === null ? {} : { DATABASE_URL: postgres.url }),
  });
  try {
    const url = String(ready.url);
    await importOrders(url);
    await measure(url, () => enrolAndFetchToken(url, join(dir, "station-key.json")), dir);
  } finally {
    await stopChild(child);
    await postgres?.stop();
  }
});

async function enrolAndFetchToken(url: string, keyFile: string): Promise<string> {
  const target = { url, stationId: "bench", keyFile };
  const enrolled = await enrolOwnStation(createCloudClient(url, adminToken), target);
  const token = enrolled.ok ? await fetchToken(target, openKeyFile(keyFile)) : enrolled;
  if (!token.ok) throw new Error(JSON.stringify(token.failure));
  return token.value.token;
}

async function measure(url: string, token: () => Promise<string>, dir: string): Promise<void> {
  const found: { readonly ours: Sync; readonly parsing: Sync }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const folder = join(dir, `station-${round}`);
    mkdirSync(folder);
    const parsing = await sync("parse", url, await token(), folder);
    const ours = await sync("replica", url, await token(), folder);
    found.push({ ours, parsing });
    rmSync(folder, { recursive: true, force: true });
  }
  const pairs = (read: (run: Sync) => number) =>
    found.map(({ ours, parsing }) => ({ value: read(ours), limit: read(parsing) }));
  // More rows a second are better: no ratio is too high.
  printPairs(
    "first-sync",
    "rows/s",
    pairs((run) => run.rowsPerSecond),
    Number.POSITIVE_INFINITY,
  );
  printPairs(
    "first-sync-cpu",
    "s",
    pairs((run) => run.cpuSeconds),
    Number.POSITIVE_INFINITY,
  );
  printValue(
    "first-sync-peak",
    "MB",
    found.map(({ ours }) => ours.peakMegabytes),
  );
}

/** An order is three rows: itself, its shipment and its release. */
async function sync(kind: "replica" | "parse", url: string, token: string, folder: string): Promise<Sync> {
  const { child, ready } = await startChild([syncChild, kind, url, token, folder, String(orders)]);
  await stopChild(child);
  const { seconds, cpuSeconds, peakMegabytes } = ready as Readonly<Record<string, number>>;
  return {
    rowsPerSecond: (3 * orders) / Number(seconds),
    cpuSeconds: Number(cpuSeconds),
    peakMegabytes: Number(peakMegabytes),
  };
}

async function importOrders(url: string): Promise<void> {
  for (const rows of sliceRows(formatOrdersCsv(generateOrders({ seed: 1, count: orders })), rowsPerImport)) {
    const response = await fetch(`${url}/v1/orders/import?format=csv`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "text/csv" },
      body: rows,
    });
    if (!response.ok) throw new Error(`the import failed: HTTP ${response.status} ${await response.text()}`);
  }
}

/** The first line is the header of every slice. */
function* sliceRows(lines: Iterable<string>, size: number): Generator<string> {
  let header: string | undefined;
  let rows: string[] = [];
  for (const line of lines) {
    header ??= line;
    if (line === header && rows.length === 0) continue;
    rows.push(line);
    if (rows.length < size) continue;
    yield header + rows.join("");
    rows = [];
  }
  if (header !== undefined && rows.length > 0) yield header + rows.join("");
}
