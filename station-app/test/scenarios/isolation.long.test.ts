import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  beltLane,
  benchLane,
  devices,
  measure,
  onStation,
  planOrders,
  type StationUnderTest,
  waybillOf,
} from "./station-under-test.ts";

const { gate, sorter, scanner, scale, printer } = devices;
const plan = {
  devices: { gate, sorter, scanner, scale, printer },
  lanes: [
    {
      ...beltLane,
      steps: ["weigh", "measure", "divert"],
      devices: { dimensioner: "gate", sorter: "sorter" },
    },
    benchLane,
  ],
  config: { weighTimeoutMs: 300, labelTimeoutMs: 800 },
} as const;
type Station = StationUnderTest<keyof (typeof plan)["devices"]>;

/** Short blocks, well and ill by turns: what else the machine does falls on both. */
const rounds = 30;
const parcelsPerBlock = 30;
const benchOrders = 20;
const goal = 1.5;

/** From the gate's telegram to the order at the sorter, as the belt's own devices see it. */
async function timeBelt(station: Station, from: number, count: number): Promise<number[]> {
  const { events } = station.twins.sorter;
  const times: number[] = [];
  for (let index = from; index < from + count; index += 1) {
    await station.tell("sorter", "induct", { parcelIndex: index });
    await wait(25);
    const first = events.length;
    const startMs = performance.now();
    const told = () =>
      events.slice(first).some((event) => event.event === "command" && event.parcelIndex === index);
    void measure(station, index);
    while (!told()) {
      if (performance.now() - startMs > 20_000)
        throw new Error(`no verdict for parcel ${index}: ${JSON.stringify(station.lane("belt"))}`);
      await wait(1);
    }
    times.push(performance.now() - startMs);
  }
  return times;
}

/** Somebody works on at the bench, whatever its devices do, until told to stop. */
async function workAtBench(station: Station, signal: AbortSignal): Promise<void> {
  for (let number = 1; !signal.aborted; number = 1 + (number % benchOrders)) {
    await station.tell("scanner", "scan", { data: waybillOf(number) });
    await wait(120);
  }
}

const faults = ["silent", "garble", "noise", "late", "split", "duplicate"] as const;

async function misbehave(station: Station, round: number): Promise<void> {
  const fault = faults[round % faults.length];
  await station.tell("scale", "fault", { fault });
  await station.tell("printer", "fault", { fault: faults[(round + 1) % faults.length] });
  if (round % 2 === 0) await station.tell("printer", "condition", { condition: "paper-out", on: true });
}

async function behave(station: Station): Promise<void> {
  await station.tell("scale", "clear");
  await station.tell("printer", "clear");
  await station.tell("printer", "condition", { condition: "paper-out", on: false });
  await station.until(
    () => station.view().devices.every(({ state }) => state === "ready"),
    "the bench to be well",
  );
}

const quantile = (times: readonly number[], share: number): number => {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

const describeTimes = (times: readonly number[]) => ({
  p50: quantile(times, 0.5).toFixed(1),
  p90: quantile(times, 0.9).toFixed(1),
  p99: quantile(times, 0.99).toFixed(1),
});

// The p99 of a busy machine is the machine's own: it gets three attempts.
const patience = { timeout: 900_000, retry: 2 };

test(
  "a scale and a printer that misbehave at one lane do not slow the verdicts of the other",
  patience,
  async () => {
    const orders = planOrders(benchOrders + 2 * rounds * parcelsPerBlock);
    await onStation({ ...plan, orders }, async (station) => {
      await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
      const done = new AbortController();
      const bench = workAtBench(station, done.signal);
      const well: number[] = [];
      const ill: number[] = [];
      await timeBelt(station, 100_000, 20);
      for (let round = 0; round < rounds; round += 1) {
        const next = benchOrders + 1 + 2 * round * parcelsPerBlock;
        well.push(...(await timeBelt(station, next, parcelsPerBlock)));
        await misbehave(station, round);
        ill.push(...(await timeBelt(station, next + parcelsPerBlock, parcelsPerBlock)));
        await behave(station);
      }
      done.abort();
      await bench;
      const ratioAt = (share: number) => Number((quantile(ill, share) / quantile(well, share)).toFixed(2));
      const ratio = { p50: ratioAt(0.5), p90: ratioAt(0.9), p99: ratioAt(0.99) };
      console.info(JSON.stringify({ well: describeTimes(well), ill: describeTimes(ill), ratio }));
      expect(station.lane("belt").counts.accepted).toBeGreaterThan(rounds * parcelsPerBlock);
      expect(ratio.p50).toBeLessThan(goal);
      expect(ratio.p99).toBeLessThan(goal);
    });
  },
);
