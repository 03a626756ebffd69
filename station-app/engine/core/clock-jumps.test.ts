import { once } from "node:events";
import { getEnvironmentData, setEnvironmentData, Worker } from "node:worker_threads";
import type { SessionEvent } from "@waystation/shared/session/events";
import { afterEach, expect, test } from "vitest";
import { openStationBench } from "../../test/support/station-bench.ts";
import { readLog } from "../../test/durability/read-log.ts";
import { verifyFacts } from "./verify-log.ts";

type Bench = ReturnType<typeof openStationBench>;
const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) {
    bench.close();
    bench.remove();
  }
});

const hourMs = 3_600_000;
const start = Date.UTC(2026, 2, 29, 0, 59);
/** The wall clock at each parcel: as set by hand, by a time server, by a dead battery. */
const jumps: Readonly<Record<string, readonly number[]>> = {
  "an hour forward": [0, 0, hourMs, hourMs, hourMs, hourMs],
  "an hour back": [0, 0, -hourMs, -hourMs, -hourMs, -hourMs],
  "a year forward": [0, 0, 8766 * hourMs, 8766 * hourMs, 8766 * hourMs, 8766 * hourMs],
  "a year back": [0, 0, -8766 * hourMs, -8766 * hourMs, -8766 * hourMs, -8766 * hourMs],
  "back to 1970": [0, 0, -start, -start, -start, -start],
  "to and fro": [0, 5 * hourMs, -start, 8766 * hourMs, 0, -hourMs],
};

const measures = { weightGrams: 210, lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 };

/** Six parcels, one of them a duplicate, with a restart in the middle; what is left open, repeated or late included. */
function play(offsets: readonly number[]) {
  let wallMs = start;
  let minted = 0;
  const sources = {
    nowMs: () => wallMs,
    monotonicMs: () => 1,
    mintId: () => {
      minted += 1;
      // As an id is made: its time first. Numbered for the comparison.
      return `${String(Math.max(0, wallMs)).padStart(15, "0")}-${minted}`;
    },
  };
  let bench = openStationBench({ sources });
  benches.push(bench);
  bench.core.start();
  bench.core.setPrinter("printer", true, 100);
  const effects: unknown[] = [];
  const send = (event: SessionEvent) => {
    const result = bench.core.handle("belt", event, bench.now());
    effects.push(result.effects.map(({ kind }) => kind));
    return result.effects;
  };
  for (const [at, offset] of offsets.entries()) {
    wallMs = start + at * 60_000 + offset;
    if (at === 4) {
      bench.close();
      bench = openStationBench({ dir: bench.dir, sources });
      benches.splice(-1, 1, bench);
      effects.push(bench.core.start().effects.map(({ kind }) => kind));
      bench.core.setPrinter("printer", true, 100);
      // A sorter tells its last events once more: they are old news, whatever the clock says by now.
      send({ kind: "inducted", parcelIndex: 4, deviceId: "sorter", isLate: true });
      send({ kind: "inducted", parcelIndex: 3, deviceId: "sorter", isLate: true });
    }
    send({ kind: "inducted", parcelIndex: at + 1, deviceId: "sorter" });
    bench.advance(300);
    const barcode = `WS000000000${at === 5 ? 1 : at + 1}`;
    const reading = { kind: "size", parcelIndex: at + 1, barcode, ...measures } as const;
    const print = send({ kind: "reading", deviceId: "dws", reading }).find(({ kind }) => kind === "print");
    if (print?.kind === "print")
      send({ kind: "label-outcome", jobId: print.jobId, result: { outcome: "printed", odometer: 101 } });
    send({ kind: "diverted", parcelIndex: at + 1, chute: 3 });
  }
  const recent = [...bench.store.recentParcels(["belt", "bench"]).values()]
    .flat()
    .map(({ parcelIndex }) => parcelIndex);
  const { texts } = readLog(bench.factsPath);
  expect(verifyFacts(bench.factsPath)).toMatchObject({ ok: true });
  return { effects, recent, facts: texts.map(withoutTimes) };
}

/** Ids bear their time: only their number is compared. */
function withoutTimes(text: string): unknown {
  const { occurredAt: _at, previousHash: _hash, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return JSON.parse(JSON.stringify(rest).replaceAll(/\d{15}-(\d+)/g, "id-$1"));
}

test.each(Object.keys(jumps))("a clock that goes %s changes nothing but the time that is shown", (name) => {
  const steady = play([0, 0, 0, 0, 0, 0]);
  const jumped = play(jumps[name] ?? []);
  expect(jumped.effects).toEqual(steady.effects);
  expect(jumped.facts).toEqual(steady.facts);
  expect(jumped.recent).toEqual(steady.recent);
  expect(steady.recent).toEqual([6, 5, 4, 3, 2, 1]);
});

test("all threads go by one clock, also one that starts after the wall clock was set", async () => {
  const { epochMs } = await import("../config/epoch-clock.ts");
  const before = epochMs();
  const file = new URL("../config/epoch-clock.ts", import.meta.url).href;
  const shared = getEnvironmentData("waystation.epoch-base");
  // A thread that took its own wall clock would be two hours ahead of the base it is handed here.
  setEnvironmentData(
    "waystation.epoch-base",
    Date.now() - 2 * hourMs - Number(process.hrtime.bigint()) / 1e6,
  );
  const worker = new Worker(
    `import(${JSON.stringify(file)}).then(({ epochMs }) => require("node:worker_threads").parentPort.postMessage(epochMs()))`,
    { eval: true },
  );
  const told = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
  setEnvironmentData("waystation.epoch-base", shared);
  expect(Math.abs(told - (before - 2 * hourMs))).toBeLessThan(60_000);
});

/** Answers by memory both threads see, so that little time passes between a question and its answer. */
const answerer = (file: string): string => `
  const { workerData: { asked, answer } } = require("node:worker_threads");
  import(${JSON.stringify(file)}).then(({ epochMs }) => {
    for (let turn = 1; turn <= ${turns}; turn += 1) {
      while (Atomics.load(asked, 0) !== turn);
      answer[0] = epochMs();
      Atomics.store(asked, 1, turn);
    }
  });`;
const turns = 500;
/** For one answer; a thread that gives none ends the test, for nobody can interrupt this waiting. */
const patienceMs = 5000;

test("what a thread reads lies between what another one reads before and after it", async () => {
  const { epochMs } = await import("../config/epoch-clock.ts");
  const file = new URL("../config/epoch-clock.ts", import.meta.url).href;
  let worstMs = 0;
  for (let thread = 0; thread < 5 && worstMs < 1000; thread += 1) {
    const asked = new Int32Array(new SharedArrayBuffer(8));
    const answer = new Float64Array(new SharedArrayBuffer(8));
    const worker = new Worker(answerer(file), { eval: true, workerData: { asked, answer } });
    await once(worker, "online");
    for (let turn = 1; turn <= turns && worstMs < 1000; turn += 1) {
      const before = epochMs();
      Atomics.store(asked, 0, turn);
      while (Atomics.load(asked, 1) !== turn && epochMs() - before < patienceMs);
      const after = epochMs();
      worstMs = Math.max(worstMs, before - (answer[0] ?? 0), (answer[0] ?? 0) - after);
    }
    await worker.terminate();
  }
  expect(worstMs).toBeLessThan(0.001);
});
