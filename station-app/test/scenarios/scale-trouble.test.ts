import { expect, test } from "vitest";
import { factsNamed } from "../durability/read-log.ts";
import {
  benchLane,
  devices,
  factNamesOf,
  onStation,
  reasonsOf,
  type StationUnderTest,
  untilEnded,
  waybillOf,
} from "./station-under-test.ts";

const { scanner, scale } = devices;
const plan = {
  devices: { scanner, scale },
  lanes: [{ ...benchLane, steps: ["weigh"], devices: { scanner: "scanner", scale: "scale" } }],
  config: { weighTimeoutMs: 400 },
} as const;
type Bench = StationUnderTest<"scanner" | "scale">;

const load = (station: Bench, weightGrams: number) =>
  station.tell("scale", "load", { weightGrams, settleMs: 0 });
const scan = (station: Bench, number: number) => station.tell("scanner", "scan", { data: waybillOf(number) });
const untilWeightNeeded = (station: Bench, number: number) =>
  station.until(
    () =>
      station.inFlight("bench", ({ barcode, needs }) => barcode === waybillOf(number) && needs === "weight"),
    `parcel ${number} to need its weight`,
  );
const weights = (station: Bench): number[] =>
  factsNamed(station.facts(), "parcel.weighed.v1").map(({ payload }) => payload.weightGrams);

test(
  "a silent scale blocks with a clear need, records nothing, and goes on by itself when it answers",
  { timeout: 60_000 },
  () =>
    onStation(plan, async (station) => {
      await load(station, 205);
      await station.tell("scale", "fault", { fault: "silent" });
      await scan(station, 1);
      await untilWeightNeeded(station, 1);
      expect(factNamesOf(station, waybillOf(1))).toEqual(["parcel.inducted.v1", "parcel.scanned.v1"]);
      expect(station.lane("bench").parcels).toMatchObject([
        { phase: "waiting", weightGrams: null, verdict: null },
      ]);
      await station.tell("scale", "clear");
      expect(await untilEnded(station, "bench", waybillOf(1))).toMatchObject({
        outcome: "accepted",
        weightGrams: 205,
      });
      expect(weights(station)).toEqual([205]);
    }),
);

/** Asks for long enough that the next parcel's question is open when the answer to the one before arrives. */
const patient = {
  ...plan,
  lanes: [{ ...plan.lanes[0], weighAgainMs: 3000 }],
  config: { weighTimeoutMs: 1200 },
} as const;

test("an answer that comes late or twice never becomes the next parcel's weight", { timeout: 60_000 }, () =>
  onStation(patient, async (station) => {
    await load(station, 205);
    await station.tell("scale", "fault", { fault: "late", delayMs: 2000 });
    await scan(station, 1);
    await untilWeightNeeded(station, 1);
    // The packer takes the parcel away and puts the next one on, while the answer is still on its way.
    await load(station, 231);
    await scan(station, 2);
    await station.tell("scale", "clear");
    expect(await untilEnded(station, "bench", waybillOf(2))).toMatchObject({
      outcome: "accepted",
      weightGrams: 231,
    });
    expect(reasonsOf(station.ended("bench", waybillOf(1)))).toEqual(["parcel.cleared"]);

    await station.tell("scale", "fault", { fault: "duplicate" });
    for (const [number, weightGrams] of [
      [3, 190],
      [4, 222],
    ] as const) {
      await load(station, weightGrams);
      await scan(station, number);
      expect(await untilEnded(station, "bench", waybillOf(number))).toMatchObject({
        outcome: "accepted",
        weightGrams,
      });
    }
    await station.tell("scale", "fault", { fault: "garble", count: 3 });
    await load(station, 207);
    await scan(station, 5);
    expect(await untilEnded(station, "bench", waybillOf(5))).toMatchObject({
      outcome: "accepted",
      weightGrams: 207,
    });
    expect(weights(station)).toEqual([231, 190, 222, 207]);
  }),
);
