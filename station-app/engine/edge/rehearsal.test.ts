import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { indexedGate, startDwsTwin } from "@waystation/drivers/twins/dws";
import { startSorterTwin } from "@waystation/drivers/twins/sorter";
import type { SessionEvent } from "@waystation/shared/session/events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openStationBench, testOrder } from "../../test/support/station-bench.ts";
import { waitUntil } from "../../test/durability/child-process.ts";
import { readLog } from "../../test/durability/read-log.ts";
import { parseEngineConfig } from "../config/engine-config.ts";
import type { CoreInput, CoreOutput } from "../core/messages.ts";
import { startEngine } from "./engine.ts";
import { createReadingRehearsal, createRehearsal } from "./rehearsal.ts";
import { startThread } from "./start-thread.ts";

const inducted: SessionEvent = { kind: "inducted", parcelIndex: 1, deviceId: "sorter", isLate: false };
const reading = {
  kind: "reading",
  deviceId: "gate",
  reading: { kind: "scan", data: "WS0000000001", symbology: "code-128" },
} as const satisfies SessionEvent;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A rehearsal whose core answers when the test says so. */
function rehearse(everyMs: number) {
  const asked: SessionEvent[] = [];
  return { asked, ...createRehearsal({ everyMs, rehearse: (example) => asked.push(example) }) };
}

test("from a parcel's induction until its verdict, and only where there was one before", () => {
  const at = rehearse(2);
  at.note(inducted);
  vi.advanceTimersByTime(50);
  expect(at.asked).toEqual([]);
  at.note(reading);
  at.note(inducted);
  at.note(inducted);
  vi.advanceTimersByTime(2);
  expect(at.asked).toEqual([reading]);
  at.answered(true);
  vi.advanceTimersByTime(50);
  expect(at.asked).toHaveLength(2);
  at.answered(false);
  vi.advanceTimersByTime(50);
  expect(at.asked).toHaveLength(2);
  at.note(inducted);
  vi.advanceTimersByTime(50);
  expect(at.asked).toHaveLength(3);
});

test("after a slow turn it rests four times as long", () => {
  const at = rehearse(2);
  at.note(reading);
  at.note(inducted);
  vi.advanceTimersByTime(2);
  vi.advanceTimersByTime(30);
  at.answered(true);
  vi.advanceTimersByTime(119);
  expect(at.asked).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(at.asked).toHaveLength(2);
});

test("it can be switched off, and nothing follows its end", () => {
  const off = rehearse(0);
  off.note(reading);
  off.note(inducted);
  const ended = rehearse(2);
  ended.note(reading);
  ended.note(inducted);
  ended.stop();
  ended.answered(true);
  vi.advanceTimersByTime(1000);
  expect([...off.asked, ...ended.asked]).toEqual([]);
});

test("what a gate said is read again by a codec of its own, rubbish and halves included", () => {
  const binding = {
    deviceId: "gate",
    model: "dws-indexed",
    connection: { type: "tcp", host: "127.0.0.1", port: 1 },
  } as const;
  const gate = createReadingRehearsal(binding, new Map());
  for (const said of [
    "",
    "1,WS0000000001,205,200,150,50,0\r\n",
    "1,WS00",
    "\u0000\u0003\r\n",
    "x".repeat(99_999),
  ]) {
    gate?.hear(Buffer.from(said));
    expect(() => gate?.rehearse()).not.toThrow();
  }
  expect(createReadingRehearsal({ ...binding, model: "modbus-sorter" }, new Map())).toBeNull();
});

test("a station rehearses while a parcel is before its gate, and neither log nor sorter knows of it", async () => {
  vi.useRealTimers();
  await using resources = new AsyncDisposableStack();
  const station = await startBelt(resources);
  await station.induct(1);
  await station.measure(1);
  await station.untilCommanded(1);
  expect(station.turns()).toBe(0);

  await station.induct(2);
  await waitUntil(
    () => station.turns() >= 5,
    () => `five rehearsals, not ${station.turns()}`,
  );
  const named = station.facts().map(({ name }) => name);
  expect(named.filter((name) => name === "parcel.judged.v1")).toHaveLength(1);
  expect(station.commands()).toEqual({ 1: 1 });

  await station.measure(2);
  await station.untilCommanded(2);
  const after = station.turns();
  await new Promise((resolve) => setTimeout(resolve, 100));
  // One may have been under way when the verdict fell.
  expect(station.turns()).toBeLessThanOrEqual(after + 1);
  expect(station.commands()).toEqual({ 1: 1, 2: 1 });
  const orders = station
    .facts()
    .flatMap(({ name, payload }) =>
      name === "parcel.judged.v1" ? [(payload as { orderId?: string }).orderId] : [],
    );
  expect(orders).toEqual([testOrder(1).orderId, testOrder(2).orderId]);
});

/** The engine in this process, with its threads, and twins of a gate and a sorter on TCP. */
async function startBelt(resources: AsyncDisposableStack) {
  const dir = mkdtempSync(join(tmpdir(), "waystation-rehearsal-"));
  resources.defer(() => rmSync(dir, { recursive: true, force: true }));
  openStationBench({ dir }).close();
  const sorter = await startSorterTwin({ decisionMs: 20_000, travelMs: 20_500 });
  resources.defer(() => sorter.stop());
  const gate = await startDwsTwin({ fields: [...indexedGate.fields] });
  resources.defer(() => gate.stop());
  const anyTime = { fromMs: 0, toMs: 20_000 };
  const config = parseEngineConfig({
    version: 1,
    stationId: "station-1",
    dataDir: dir,
    rejectChute: 99,
    devices: [
      { deviceId: "gate", model: "dws-indexed", connection: gate.connection },
      { deviceId: "sorter", model: "modbus-sorter", connection: sorter.connection },
    ],
    lanes: [
      {
        laneId: "belt",
        kind: "belt",
        steps: ["weigh", "measure", "divert"],
        devices: { dimensioner: "gate", sorter: "sorter" },
        decideWithinMs: 20_000,
        divertWithinMs: 20_000,
        windows: { scan: anyTime, weight: anyTime, size: anyTime },
      },
    ],
  });
  if (!config.ok) throw new Error(JSON.stringify(config.failure));
  let turns = 0;
  const engine = await startEngine(config.value, {
    appVersion: "test",
    onFatal: (error) => {
      throw error;
    },
    startThread: (file, data, onError) => {
      const thread = startThread<CoreInput, CoreOutput>(file, data, onError);
      return {
        ...thread,
        post: (message: CoreInput) => {
          if (message.kind === "rehearse") turns += 1;
          thread.post(message);
        },
      } as never;
    },
  });
  if (!engine.ok) throw new Error(JSON.stringify(engine.failure));
  resources.defer(() => engine.value.stop());
  const facts = () => readLog(join(dir, "facts.db")).facts;
  const until = (holds: () => boolean) => waitUntil(holds, () => JSON.stringify(facts().slice(-8)));
  await until(() => sorter.state().stationHeartbeat > 0);
  const commands = () => sorter.state().commands as Readonly<Record<number, number>>;
  return {
    turns: () => turns,
    facts,
    commands,
    induct: async (parcelIndex: number) => {
      await sorter.control({ command: "induct", parcelIndex });
      await until(() => facts().filter(({ name }) => name === "parcel.inducted.v1").length === parcelIndex);
    },
    measure: (index: number) =>
      gate.control({
        command: "measure",
        index,
        code: testOrder(index).waybill,
        weightGrams: 210,
        lengthMillimetres: 200,
        widthMillimetres: 150,
        heightMillimetres: 50,
      }),
    untilCommanded: (parcelIndex: number) => until(() => commands()[parcelIndex] === 1),
  };
}
