import { setTimeout as wait } from "node:timers/promises";
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
  reasonsOf,
  rejectChute,
  untilEnded,
  waybillOf,
} from "./station-under-test.ts";

/** As it is delivered: ten seconds for a label, four on the belt, two of silence until the line is given up. */
const printer = { ...devices.printer, twin: { printTimeMs: 400 }, driver: {} };
const plan = { devices: { ...devices, printer }, lanes: [{ ...beltLane, labelWithinMs: 4000 }, benchLane] };

test("a printer silent for thirty seconds: every parcel has a clear end, and no label comes twice", () =>
  onStation(plan, async (station) => {
    const { bootId } = station.view();
    await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
    // This label is on its way into the printer when it falls silent, and comes out unseen.
    await station.tell("scanner", "scan", { data: waybillOf(1) });
    await station.until(
      () => factNamesOf(station, waybillOf(1)).includes("label.requested.v1"),
      "the label to be requested",
    );
    await station.until(
      () => station.twins.printer.events.some(({ event }) => event === "job"),
      "the label to be sent",
    );
    await station.tell("printer", "fault", { fault: "silent" });
    const until = performance.now() + 30_000;
    await induct(station, 2, 3);
    await measure(station, 2);
    await measure(station, 3);
    for (const number of [2, 3]) {
      const parcel = await untilEnded(station, "belt", waybillOf(number));
      expect(parcel).toMatchObject({ outcome: "rejected", chute: rejectChute });
      expect(reasonsOf(parcel)).toEqual(["label.failed"]);
    }
    await station.until(
      () => station.inFlight("bench", ({ needs }) => needs === "label-answer"),
      "the question about label 1",
    );
    expect(station.device("printer")?.failure?.code).toBe("device.silent");
    const parcelId = station.lane("bench").parcels[0]?.parcelId ?? "";
    expect(
      await station.client.command("answerLabel", {
        laneId: "bench",
        parcelId,
        printed: true,
        operatorId: "op-1",
      }),
    ).toEqual({ ok: true });
    await station.tell("scanner", "scan", { data: waybillOf(4) });
    await wait(Math.max(0, until - performance.now()));
    expect(station.lane("bench").parcels).toMatchObject([{ barcode: waybillOf(4), verdict: "accepted" }]);

    await station.tell("printer", "clear");
    expect((await untilEnded(station, "bench", waybillOf(4))).outcome).toBe("accepted");
    await induct(station, 5);
    await measure(station, 5);
    expect((await untilEnded(station, "belt", waybillOf(5))).outcome).toBe("accepted");
    expect((await readLabels(station, station.twins.printer)).toSorted()).toEqual([1, 4, 5].map(orderIdOf));
    expect(station.view().bootId).toBe(bootId);
  }));
