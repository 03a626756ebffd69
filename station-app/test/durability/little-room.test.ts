import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StationView } from "@waystation/shared/session/view";
import { waitUntil } from "./child-process.ts";
import { readLog } from "./read-log.ts";
import { configureBareStation } from "./bare-station.ts";
import { type EngineProcess, startEngineProcess } from "./engine-process.ts";

/** The real engine on a disk that has less room than it is told to keep. */
let folder = "";
let engine: EngineProcess | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "waystation-room-"));
});
afterEach(async () => {
  engine?.kill();
  await engine?.ended;
  rmSync(folder, { recursive: true, force: true });
});

async function start(warnBelowMegabytes: number, refuseBelowMegabytes: number) {
  const config = configureBareStation(folder);
  engine = startEngineProcess(folder, {
    ...config,
    disk: { ...config.disk, warnBelowMegabytes, refuseBelowMegabytes },
  });
  const client = await engine.ready;
  if (client === null) throw new Error(engine.stderr());
  return client;
}

/** The screen is told a few times a second, and not of every change at once. */
async function readNoticed({ station }: NonNullable<Awaited<EngineProcess["ready"]>>): Promise<StationView> {
  let { view } = await station.status();
  await waitUntil(
    async () => {
      ({ view } = await station.status());
      return (view.link.notices ?? []).length > 0;
    },
    () => "a notice",
    10_000,
  );
  return view;
}

/** No disk of today has so much. */
const tooMuch = 1_000_000;

test("a start with too little room takes no parcel from the first one on, and says why", async () => {
  const client = await start(tooMuch, tooMuch);
  expect(await client.lane.wedgeScan({ laneId: "bench", data: "WS1" })).toMatchObject({
    ok: false,
    failure: { code: "store.nearly-full" },
  });
  const view = await readNoticed(client);
  expect(view.lanes[0]).toMatchObject({ status: "stopped", stopReason: "store.nearly-full", parcels: [] });
  expect(view.link.notices).toEqual([{ code: "store.nearly-full", details: {} }]);
  expect(readLog(join(folder, "facts.db")).facts.map(({ name }) => name)).toEqual([
    "station.booted.v1",
    "lane.stopped.v1",
  ]);
}, 120_000);

test("a start with little room warns and works", async () => {
  const client = await start(tooMuch, 0);
  expect(await client.lane.wedgeScan({ laneId: "bench", data: "WS1" })).toEqual({ ok: true });
  const view = await readNoticed(client);
  expect(view.lanes[0]).toMatchObject({ status: "running" });
  expect(view.link.notices).toMatchObject([{ code: "store.low", details: { refuseBelowMegabytes: 0 } }]);
}, 120_000);
