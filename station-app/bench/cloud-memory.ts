import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatOrdersCsv, generateOrders } from "@waystation/cloud-api/modules/orders/generate-orders";
import { keyFileName } from "../engine/edge/station-key.ts";
import { createCloudClient } from "../cli/start/call-cloud.ts";
import { enrolOwnStation } from "../cli/start/prepare-cloud.ts";
import { readStatus } from "../cli/ask-station.ts";
import { type BenchStation, pause, startBenchStation } from "./bench-station.ts";
import { readMemory, startChild, stopChild } from "./child.ts";
import { waybillOf, writeOrderFile } from "./order-file.ts";
import { printAgainstGoal, printValue } from "./statistics.ts";
import { withFolder } from "./with-folder.ts";

/** What the cloud's process holds in memory after its start, the import of 2,000 orders and the facts of a station that follows its shapes. */
const orders = 2000;
const parcels = 200;
const adminToken = "bench-admin-token-of-this-run";
const screenToken = "bench-token-of-this-launch";
const server = fileURLToPath(import.meta.resolve("@waystation/cloud-api/server"));

await withFolder(async (parent) => {
  const dir = join(parent, "cloud-memory");
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  const { child, ready } = await startChild([server], {
    WAYSTATION_CLOUD_PORT: "0",
    WAYSTATION_CLOUD_DATA_DIR: join(dir, "cloud"),
    WAYSTATION_CLOUD_ADMIN_TOKEN: adminToken,
  });
  const url = String(ready.url);
  const rows = [...formatOrdersCsv(generateOrders({ seed: 1, count: orders }))].join("");
  await post(`${url}/v1/orders/import?format=csv`, rows);
  const stationDir = join(dir, "station");
  mkdirSync(stationDir);
  writeOrderFile(stationDir, parcels);
  const keyFile = join(stationDir, keyFileName);
  const enrolled = await enrolOwnStation(createCloudClient(url, adminToken), {
    url,
    stationId: "bench",
    keyFile,
  });
  if (!enrolled.ok) throw new Error(JSON.stringify(enrolled.failure));
  const station = await startBenchStation(stationDir, {
    config: { cloud: { url, keyFile }, screen: { port: 0, token: screenToken, staticDir: "." } },
  });
  for (let index = 1; index <= parcels; index += 1) {
    await station.induct(index);
    await station.measure(index, waybillOf(index));
  }
  await waitForUplink(station);
  await station.stop();
  const memory = readMemory(child);
  await stopChild(child);
  printAgainstGoal("cloud-memory", "MB", [memory.residentMegabytes], 450);
  printValue("cloud-memory-peak", "MB", [memory.peakMegabytes]);
});

/** Until the cloud has all facts. */
async function waitForUplink(station: BenchStation): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const status = await readStatus({ url: String(station.url), token: screenToken });
    if (status.ok && status.value.backlog === 0) return;
    await pause(500);
  }
  throw new Error("the cloud did not take the facts");
}

async function post(url: string, body: string): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body,
  });
  const reply: unknown = await response.json();
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status} ${JSON.stringify(reply)}`);
  return reply;
}
