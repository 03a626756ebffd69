import { describeReason, type Reason } from "@waystation/shared/decision/reasons";
import { expect, test } from "vitest";
import { factsNamed } from "../durability/read-log.ts";
import {
  beltLane,
  chuteOf,
  devices,
  induct,
  measure,
  onStation,
  readSorter,
  reasonsOf,
  type StationUnderTest,
  untilEnded,
  waybillOf,
} from "./station-under-test.ts";

const { gate } = devices;
const sorter = { ...devices.sorter, twin: { ...devices.sorter.twin, arriveAfterAssignMs: 400 } };
const plan = {
  devices: { gate, sorter },
  lanes: [
    {
      ...beltLane,
      steps: ["weigh", "measure", "divert"],
      devices: { dimensioner: "gate", sorter: "sorter" },
      // Longer than everything that goes wrong before parcel 3 is told of, on a slow machine, too.
      decideWithinMs: 20_000,
      confirmWithinMs: 4000,
    },
  ],
} as const;
type Belt = StationUnderTest<"gate" | "sorter">;

const untilCommanded = (station: Belt, parcelIndex: number) =>
  station.until(
    () =>
      station.twins.sorter.events.some(
        (event) => event.event === "command" && event.parcelIndex === parcelIndex,
      ),
    `the sorter to be told about ${parcelIndex}`,
  );
const untilSorter = (station: Belt, state: string) =>
  station.until(() => station.device("sorter")?.state === state, `the sorter to be ${state}`);
const sentences = (station: Belt, number: number): string[] =>
  (station.ended("belt", waybillOf(number))?.reasons ?? []).map((reason) => describeReason(reason as Reason));

test(
  "a sorter's cable out and in again: nobody is diverted twice, the lost ones say so, the next ones are fine",
  { timeout: 90_000 },
  () =>
    onStation(plan, async (station) => {
      await induct(station, 1, 2, 3);
      await measure(station, 1);
      await untilCommanded(station, 1);
      await station.tell("sorter", "disconnect");
      await untilSorter(station, "faulted");
      expect(station.device("sorter")?.failure?.code).toBe("device.disconnected");
      await station.tell("sorter", "plug");
      expect(await untilEnded(station, "belt", waybillOf(1))).toMatchObject({
        outcome: "accepted",
        chute: chuteOf(1),
      });

      await untilSorter(station, "ready");
      await station.tell("sorter", "disconnect");
      await untilSorter(station, "faulted");
      await measure(station, 2);
      await station.tell("sorter", "lose", { parcelIndex: 3 });
      // Inducted while nobody listened, and measured all the same.
      await station.tell("sorter", "induct", { parcelIndex: 4 });
      await measure(station, 4);
      for (const number of [2, 4])
        expect(await untilEnded(station, "belt", waybillOf(number))).toMatchObject({
          outcome: "rejected",
          chute: null,
        });
      expect(sentences(station, 2)).toEqual([
        "The sorter did not take the order.",
        "Nobody can tell where the sorter put the parcel.",
      ]);
      expect(reasonsOf(station.ended("belt", waybillOf(4)))).toContain("induction.missing");
      await station.tell("sorter", "plug");
      await untilSorter(station, "ready");
      await station.until(
        () => station.lane("belt").recent.some((parcel) => parcel.parcelIndex === 3),
        "parcel 3 to end",
      );
      expect(reasonsOf(station.lane("belt").recent.find((parcel) => parcel.parcelIndex === 3))).toEqual([
        "parcel.lost",
      ]);

      await induct(station, 5, 6);
      await measure(station, 5);
      await measure(station, 6);
      for (const number of [5, 6])
        expect(await untilEnded(station, "belt", waybillOf(number))).toMatchObject({
          outcome: "accepted",
          chute: chuteOf(number),
        });
      await station.until(() => station.lane("belt").parcels.length === 0, "the belt to be empty");
      const { commands, confirmed } = await readSorter(station.twins.sorter);
      expect(commands).toMatchObject({ 1: 1, 5: 1, 6: 1 });
      expect(commands).not.toHaveProperty("2");
      expect(confirmed).toMatchObject({ 1: chuteOf(1), 5: chuteOf(5), 6: chuteOf(6) });
    }),
);

test(
  "a PLC that loses power forgets its parcels: they end as unknown, and its new count is taken up",
  { timeout: 90_000 },
  () =>
    onStation(plan, async (station) => {
      await induct(station, 1, 2);
      await measure(station, 1);
      expect((await untilEnded(station, "belt", waybillOf(1))).outcome).toBe("accepted");
      await measure(station, 2);
      await untilCommanded(station, 2);
      await station.restartTwin("sorter");
      await untilSorter(station, "ready");
      expect(await untilEnded(station, "belt", waybillOf(2))).toMatchObject({
        outcome: "rejected",
        chute: null,
      });
      expect(sentences(station, 2)).toEqual(["Nobody can tell where the sorter put the parcel."]);
      // The new count begins at 1 again.
      const before = factsNamed(station.facts(), "parcel.inducted.v1").length;
      await station.tell("sorter", "induct", { parcelIndex: 1 });
      await station.until(
        () => factsNamed(station.facts(), "parcel.inducted.v1").length > before,
        "the first parcel of the new count",
      );
      await measure(station, 1, waybillOf(3));
      expect(await untilEnded(station, "belt", waybillOf(3))).toMatchObject({
        outcome: "accepted",
        chute: chuteOf(3),
      });
      expect((await readSorter(station.twins.sorter)).confirmed).toEqual({ 1: chuteOf(3) });
    }),
);
