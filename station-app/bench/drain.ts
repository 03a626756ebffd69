import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { adminToken, startBenchCloud } from "@waystation/cloud-api/bench/bench-cloud";
import { postgresMissing } from "@waystation/cloud-api/test-support/postgres-server";
import type { FactDraft } from "@waystation/shared/facts/draft";
import { readStatus } from "../cli/ask-station.ts";
import { createCloudClient } from "../cli/start/call-cloud.ts";
import { enrolOwnStation } from "../cli/start/prepare-cloud.ts";
import { openStore } from "../engine/core/store.ts";
import { keyFileName } from "../engine/edge/station-key.ts";
import { pause } from "./bench-station.ts";
import { readMemory, readProcessorSeconds, stopChild } from "./child.ts";
import { startEngineChild } from "./engine-child.ts";
import { printAgainstGoal, printValue } from "./statistics.ts";

/**
 * A backlog goes up from the real engine to the real cloud over loopback: a day's 224,000 facts, or with `--full`
 * the seven days of 224,000 parcels. `--facts N` for another number, `--embedded` for the embedded database.
 */
const {
  full,
  facts: wanted,
  embedded,
} = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    embedded: { type: "boolean", default: false },
    facts: { type: "string" },
  },
}).values;
const factsPerParcel = 9;
const usual = 224_000;
const count =
  Math.round(Number(wanted ?? (full ? usual * factsPerParcel : usual)) / factsPerParcel) * factsPerParcel;
const goalSeconds = 30;
const stationId = "bench";
const screenToken = "bench-token-of-this-launch";
const name = full ? "drain-full" : "drain";

const dir = mkdtempSync(join(tmpdir(), "waystation-drain-"));
await using resources = new AsyncDisposableStack();
resources.defer(() => rmSync(dir, { recursive: true, force: true }));
recordBacklog(count / factsPerParcel);
const cloud = await startBenchCloud(embedded || postgresMissing !== null ? "embedded" : "postgres", {
  WAYSTATION_CLOUD_LOG_LEVEL: "warning",
});
resources.defer(cloud.stop);
const { url } = cloud;
const keyFile = join(dir, keyFileName);
const enrolled = await enrolOwnStation(createCloudClient(url, adminToken), { url, stationId, keyFile });
if (!enrolled.ok) throw new Error(JSON.stringify(enrolled.failure));
const engine = await startEngine();
resources.defer(() => stopChild(engine.child));
await measureDrain();

async function measureDrain(): Promise<void> {
  const startedAt = performance.now();
  const before = readBoth();
  let early: ReturnType<typeof readBoth> | null = null;
  for (let sent = 0; sent < count; await pause(100)) {
    sent = await readAcknowledged();
    if (early === null && sent >= count / 10) early = readBoth();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const late = readBoth();
  if (full) printValue(name, "s", [seconds]);
  else printAgainstGoal(name, "s", [seconds], (goalSeconds * count) / usual);
  printValue(`${name}-rate`, "facts/s", [count / seconds]);
  for (const side of ["station", "cloud"] as const) {
    printValue(`${name}-${side}-memory-at-10`, "MB", [early?.[side].residentMegabytes ?? 0]);
    printValue(`${name}-${side}-memory-at-100`, "MB", [late[side].residentMegabytes]);
    printValue(`${name}-${side}-processor`, "s", [late[side].seconds - before[side].seconds]);
  }
}

function readBoth() {
  return {
    station: { ...readMemory(engine.child), seconds: readProcessorSeconds(engine.child.pid ?? 0) },
    cloud: { ...cloud.memory(), seconds: readProcessorSeconds(cloud.pid) },
  };
}

async function readAcknowledged(): Promise<number> {
  const status = await readStatus({ url: String(engine.ready.url), token: screenToken });
  if (!status.ok) throw new Error(JSON.stringify(status.failure));
  return count - Math.min(count, status.value.backlog);
}

/** As a line that worked without a cloud: nine facts a parcel, through the store that would have written them. */
function recordBacklog(parcels: number): void {
  const store = openStore(join(dir, "facts.db"), stationId);
  const parcelsPerCommit = 100;
  for (let first = 0; first < parcels; first += parcelsPerCommit)
    store.commit(
      Array.from({ length: Math.min(parcelsPerCommit, parcels - first) }, (_, at) =>
        draftParcel(first + at),
      ).flat(),
    );
  store.close();
}

function draftParcel(index: number): FactDraft[] {
  const parcelId = `0199a8c0-0000-7000-8000-${index.toString(16).padStart(12, "0")}`;
  const orderId = `WS${String(index).padStart(10, "0")}`;
  const from = { lane: "belt", parcelId, actor: { kind: "device", id: "belt-gate" } } as const;
  const gate = { deviceId: "belt-gate", boundBy: "index" } as const;
  const parcelIndex = index % 65_536;
  const size = { lengthMillimetres: 300, widthMillimetres: 200, heightMillimetres: 100 };
  const versions = { channelCode: "PKT", channelVersion: 3, sortPlanId: "main", sortPlanVersion: 7 };
  return [
    { ...from, name: "parcel.inducted.v1", payload: { parcelIndex, trigger: "sorter" } },
    { ...from, name: "parcel.scanned.v1", payload: { data: orderId, symbology: "code128", ...gate } },
    { ...from, name: "parcel.weighed.v1", payload: { weightGrams: 350, ...gate } },
    { ...from, name: "parcel.measured.v1", payload: { ...size, ...gate } },
    {
      ...from,
      name: "parcel.judged.v1",
      payload: {
        verdict: "accepted",
        reasons: [],
        chute: 7,
        orderId,
        orderRevision: 1,
        weightGrams: 350,
        ...versions,
      },
    },
    {
      ...from,
      name: "label.requested.v1",
      payload: { jobId: `${orderId}-1`, printerId: "printer", orderId, odometerBefore: index },
    },
    { ...from, name: "label.printed.v1", payload: { jobId: `${orderId}-1`, odometer: index + 1 } },
    {
      ...from,
      name: "divert.requested.v1",
      payload: { commandId: `${orderId}-d`, sorterId: "sorter", parcelIndex, chute: 7, deadlineMs: 3000 },
    },
    { ...from, name: "parcel.ended.v1", payload: { outcome: "accepted", reasons: [], chute: 7 } },
  ];
}

function startEngine() {
  const config = {
    version: 1,
    stationId,
    dataDir: dir,
    cloud: { url, keyFile },
    screen: { port: 0, token: screenToken, staticDir: "." },
    lanes: [{ laneId: "belt", kind: "bench", steps: [], devices: {} }],
    devices: [],
    rejectChute: 99,
  };
  return startEngineChild(config);
}
