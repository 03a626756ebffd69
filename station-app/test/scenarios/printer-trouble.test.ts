import { describeFailure, type FailureCode } from "@waystation/shared/failures/catalog";
import { expect, test } from "vitest";
import {
  beltLane,
  benchLane,
  devices,
  factNamesOf,
  induct,
  measure,
  onStation,
  orderIdOf,
  readLabels,
  readSorter,
  reasonsOf,
  rejectChute,
  untilEnded,
  waybillOf,
  chuteOf,
  type StationUnderTest,
} from "./station-under-test.ts";

const beltInHurry = { ...beltLane, labelWithinMs: 1500 };
const plan = { devices, lanes: [beltInHurry, benchLane] };

const sentenceOf = (station: StationUnderTest, deviceId: string): string => {
  const failure = station.device(deviceId)?.failure;
  return failure == null ? "" : describeFailure({ ...failure, code: failure.code as FailureCode });
};
const untilFaulted = (station: StationUnderTest, code: string): Promise<void> =>
  station.until(() => station.device("printer")?.failure?.code === code, `the printer to be ${code}`);

test(
  "without labels the belt rejects, the bench waits, and both go on when the roll is in",
  { timeout: 60_000 },
  () =>
    onStation(plan, async (station) => {
      const { bootId } = station.view();
      await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
      await induct(station, 1);
      await measure(station, 1);
      expect((await untilEnded(station, "belt", waybillOf(1))).outcome).toBe("accepted");

      await station.tell("printer", "condition", { condition: "paper-out", on: true });
      await induct(station, 2, 3);
      await measure(station, 2);
      await measure(station, 3);
      await station.tell("scanner", "scan", { data: waybillOf(4) });
      await untilFaulted(station, "printer.paper-out");
      expect(sentenceOf(station, "printer")).toBe("printer is out of labels. Load a new roll.");
      for (const number of [2, 3]) {
        const parcel = await untilEnded(station, "belt", waybillOf(number));
        expect(parcel).toMatchObject({ outcome: "rejected", chute: rejectChute });
        expect(reasonsOf(parcel)).toEqual(["label.failed"]);
      }
      expect(station.lane("bench").parcels).toMatchObject([
        { barcode: waybillOf(4), phase: "labelling", verdict: "accepted" },
      ]);

      await station.tell("printer", "condition", { condition: "paper-out", on: false });
      expect((await untilEnded(station, "bench", waybillOf(4))).outcome).toBe("accepted");
      expect(station.device("printer")).toMatchObject({ state: "ready", failure: null });
      await induct(station, 5);
      await measure(station, 5);
      expect((await untilEnded(station, "belt", waybillOf(5))).chute).toBe(chuteOf(5));

      expect(await readLabels(station, station.twins.printer)).toEqual([1, 4, 5].map(orderIdOf));
      expect((await readSorter(station.twins.sorter)).confirmed).toEqual({
        1: chuteOf(1),
        2: 99,
        3: 99,
        5: chuteOf(5),
      });
      expect(station.view().bootId).toBe(bootId);
    }),
);

test(
  "a roll that ends within a label: the bench waits for that very label, and it comes out once",
  { timeout: 60_000 },
  () =>
    onStation(
      { ...plan, devices: { ...devices, printer: { ...devices.printer, twin: { printTimeMs: 700 } } } },
      async (station) => {
        await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
        await station.tell("scanner", "scan", { data: waybillOf(1) });
        await station.until(
          () => station.twins.printer.events.some(({ event }) => event === "job"),
          "the label to be sent",
        );
        await station.tell("printer", "condition", { condition: "paper-out", on: true });
        await untilFaulted(station, "printer.paper-out");
        expect(station.lane("bench").parcels).toMatchObject([{ barcode: waybillOf(1), phase: "labelling" }]);
        await station.tell("printer", "condition", { condition: "paper-out", on: false });
        expect((await untilEnded(station, "bench", waybillOf(1))).outcome).toBe("accepted");
        expect(await readLabels(station, station.twins.printer)).toEqual([orderIdOf(1)]);
        expect(station.twins.printer.events.filter(({ event }) => event === "label-printed")).toHaveLength(1);
      },
    ),
);

test(
  "a silent printer: the belt rejects, the bench waits and prints when it answers again",
  { timeout: 60_000 },
  () =>
    onStation(plan, async (station) => {
      await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
      await station.tell("printer", "fault", { fault: "silent" });
      await induct(station, 1);
      await measure(station, 1);
      await station.tell("scanner", "scan", { data: waybillOf(2) });
      await untilFaulted(station, "device.silent");
      expect(sentenceOf(station, "printer")).toBe("printer does not answer. Check that it is switched on.");
      const rejected = await untilEnded(station, "belt", waybillOf(1));
      expect(rejected).toMatchObject({ outcome: "rejected", chute: rejectChute });
      expect(reasonsOf(rejected)).toEqual(["label.failed"]);
      expect(station.lane("bench").parcels).toMatchObject([{ barcode: waybillOf(2) }]);
      await station.tell("printer", "clear");
      expect((await untilEnded(station, "bench", waybillOf(2))).outcome).toBe("accepted");
      expect(await readLabels(station, station.twins.printer)).toEqual([orderIdOf(2)]);
      expect(factNamesOf(station, waybillOf(2)).slice(-2)).toEqual(["label.printed.v1", "parcel.ended.v1"]);
    }),
);
