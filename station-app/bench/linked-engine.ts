import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { adminToken } from "@waystation/cloud-api/bench/bench-cloud";
import { readStatus, type StationStatus } from "../cli/ask-station.ts";
import { createCloudClient } from "../cli/start/call-cloud.ts";
import { enrolOwnStation } from "../cli/start/prepare-cloud.ts";
import { openReadOnly, type Sqlite } from "../engine/core/open-database.ts";
import { keyFileName } from "../engine/edge/station-key.ts";
import { locateOrders } from "../engine/replica/order-files.ts";
import { replicatedShapes } from "../engine/replica/shape-row.ts";
import { pause } from "./bench-station.ts";
import { readMemory, readProcessorSeconds, stopChild } from "./child.ts";
import { startEngineChild } from "./engine-child.ts";

const screenToken = "bench-token-of-this-launch";

export type LinkedEngine = Awaited<ReturnType<typeof startLinkedEngine>>;

/** The real engine in an empty folder, enrolled with this cloud, without devices: what comes down is what it has to do. */
export async function startLinkedEngine(url: string, dir: string, stationId: string) {
  mkdirSync(dir, { recursive: true });
  const keyFile = join(dir, keyFileName);
  const enrolled = await enrolOwnStation(createCloudClient(url, adminToken), { url, stationId, keyFile });
  if (!enrolled.ok) throw new Error(JSON.stringify(enrolled.failure));
  const config = {
    version: 1,
    stationId,
    dataDir: dir,
    cloud: { url, keyFile },
    screen: { port: 0, token: screenToken, staticDir: "." },
    lanes: [{ laneId: "bench", kind: "bench", steps: [], devices: {} }],
    devices: [],
    rejectChute: 99,
  };
  const { child, ready } = await startEngineChild(config);
  const openOrders = (): Sqlite => openReadOnly(locateOrders(join(dir, "orders.db")));
  return {
    openOrders,
    /** Every shape was up to date once. */
    async waitUntilWhole(): Promise<void> {
      const db = openOrders();
      const count = db.prepare("SELECT count(*) FROM shape_offsets WHERE complete = 1").pluck();
      while (count.get() !== replicatedShapes.length) await pause(50);
      db.close();
    },
    async status(): Promise<StationStatus> {
      const status = await readStatus({ url: String(ready.url), token: screenToken });
      if (!status.ok) throw new Error(JSON.stringify(status.failure));
      return status.value;
    },
    memory: () => readMemory(child),
    processorSeconds: () => readProcessorSeconds(child.pid ?? 0),
    stop: () => stopChild(child),
  };
}
