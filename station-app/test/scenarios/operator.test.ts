import { expect, test } from "vitest";
import { readLog } from "../durability/read-log.ts";
import {
  beltLane,
  benchLane,
  chuteOf,
  devices,
  induct,
  measure,
  measures,
  onStation,
  orderIdOf,
  readLabels,
  reasonsOf,
  rejectChute,
  type StationUnderTest,
  untilEnded,
  waybillOf,
} from "./station-under-test.ts";

const { gate, sorter, scanner, scale } = devices;
const withoutLabels = {
  devices: { gate, sorter, scanner, scale },
  lanes: [
    {
      ...beltLane,
      steps: ["weigh", "measure", "divert"],
      devices: { dimensioner: "gate", sorter: "sorter" },
    },
    { ...benchLane, steps: ["weigh"], devices: { scanner: "scanner", scale: "scale" } },
  ],
  config: { weighTimeoutMs: 400 },
} as const;
const done = { ok: true };
const refused = (code: string, details: object) => ({ ok: false, failure: { code, details } });

/** Facts of one name with who made them. */
const factsWithActor = ({ factsPath }: Pick<StationUnderTest, "factsPath">, type: string) =>
  readLog(factsPath)
    .texts.map(
      (text) => JSON.parse(text) as { type: string; actor: unknown; payload: Record<string, unknown> },
    )
    .flatMap(({ actor, payload, ...fact }) => (fact.type === type ? [{ actor, payload }] : []));

test("a lane is stopped and resumed by a person, and says so in its facts", { timeout: 60_000 }, () =>
  onStation(withoutLabels, async (station) => {
    const { client } = station;
    const stop = { laneId: "belt", reason: "jam at chute 3", operatorId: "op-1" };
    expect(await client.command("stop", stop)).toEqual(done);
    expect(await client.command("stop", stop)).toEqual(
      refused("command.not-possible", { reason: "the lane is already stopped" }),
    );
    await station.until(() => station.lane("belt").status === "stopped", "the belt to be shown as stopped");
    expect(station.lane("belt").stopReason).toBe("jam at chute 3");
    expect(station.lane("bench").status).toBe("running");
    await induct(station, 1);
    await measure(station, 1);
    const stopped = await untilEnded(station, "belt", waybillOf(1));
    expect(stopped).toMatchObject({ outcome: "rejected", chute: rejectChute });
    expect(reasonsOf(stopped)).toEqual(["lane.stopped"]);

    const resume = { laneId: "belt", operatorId: "op-2" };
    expect(await client.command("resume", resume)).toEqual(done);
    expect(await client.command("resume", resume)).toEqual(
      refused("command.not-possible", { reason: "the lane is already running" }),
    );
    await induct(station, 2);
    await measure(station, 2);
    expect(await untilEnded(station, "belt", waybillOf(2))).toMatchObject({
      outcome: "accepted",
      chute: chuteOf(2),
    });
    expect(factsWithActor(station, "lane.stopped")).toEqual([
      { actor: { kind: "operator", id: "op-1" }, payload: { reason: "jam at chute 3" } },
    ]);
    expect(factsWithActor(station, "lane.resumed")).toEqual([
      { actor: { kind: "operator", id: "op-2" }, payload: {} },
    ]);
  }),
);

test(
  "a barcode nobody can scan is typed, and a parcel is taken away; both facts name the person",
  { timeout: 60_000 },
  () =>
    onStation(withoutLabels, async (station) => {
      const { client } = station;
      const enter = { laneId: "bench", parcelId: null, data: ` ${waybillOf(1)} `, operatorId: "op-3" };
      await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
      expect(await client.command("enterBarcode", { ...enter, laneId: "dock" })).toEqual(
        refused("lane.unknown", { laneId: "dock" }),
      );
      expect(await client.command("enterBarcode", { ...enter, laneId: "belt" })).toEqual(
        refused("command.not-possible", { reason: "on a belt a barcode is entered for a parcel" }),
      );
      expect(await client.command("enterBarcode", { ...enter, data: " " })).toMatchObject(
        refused("request.invalid", {}),
      );
      expect(await client.command("enterBarcode", enter)).toEqual(done);
      expect(await untilEnded(station, "bench", waybillOf(1))).toMatchObject({
        outcome: "accepted",
        orderId: orderIdOf(1),
      });

      // On the belt for a parcel that is there; the gate could not read it either.
      await induct(station, 2);
      await station.until(() => station.lane("belt").parcels.length === 1, "parcel 2 on the screen");
      const parcelId = station.lane("belt").parcels[0]?.parcelId ?? "";
      expect(
        await client.command("enterBarcode", {
          laneId: "belt",
          parcelId,
          data: waybillOf(2),
          operatorId: "op-3",
        }),
      ).toEqual(done);
      await station.tell("gate", "measure", { index: 2, ...measures });
      expect(await untilEnded(station, "belt", waybillOf(2))).toMatchObject({
        outcome: "accepted",
        chute: chuteOf(2),
      });
      const byHand = (data: string) => ({
        actor: { kind: "operator", id: "op-3" },
        payload: { data, symbology: "manual", deviceId: null, boundBy: "manual" },
      });
      expect(factsWithActor(station, "parcel.scanned")).toEqual([byHand(waybillOf(1)), byHand(waybillOf(2))]);

      await station.tell("scale", "fault", { fault: "silent" });
      await station.tell("scanner", "scan", { data: waybillOf(3) });
      await station.until(
        () => station.inFlight("bench", ({ needs }) => needs === "weight"),
        "parcel 3 to need its weight",
      );
      const clear = {
        laneId: "bench",
        parcelId: station.lane("bench").parcels[0]?.parcelId ?? "",
        operatorId: "op-4",
      };
      expect(await client.command("answerLabel", { ...clear, printed: true })).toEqual(
        refused("command.not-possible", { reason: "nobody asked about its label" }),
      );
      expect(await client.command("clearParcel", clear)).toEqual(done);
      expect(await client.command("clearParcel", clear)).toEqual(
        refused("parcel.unknown", { parcelId: clear.parcelId }),
      );
      const cleared = await untilEnded(station, "bench", waybillOf(3));
      expect(cleared.outcome).toBe("rejected");
      expect(reasonsOf(cleared)).toEqual(["parcel.cleared"]);
      expect(factsWithActor(station, "parcel.ended").at(-1)).toMatchObject({
        actor: { kind: "operator", id: "op-4" },
        payload: { outcome: "rejected" },
      });
    }),
);

/** The roll ends within each label, and stays out for longer than anybody waits for the printer. */
const slowPrinter = { ...devices.printer, twin: { printTimeMs: 400 } };
const withLabels = {
  devices: { scanner, scale, printer: slowPrinter },
  lanes: [benchLane],
  config: { labelTimeoutMs: 1500 },
};
type Bench = StationUnderTest<keyof (typeof withLabels)["devices"]>;

async function leaveLabelUnknown(station: Bench, number: number): Promise<string> {
  const sent = () => station.twins.printer.events.filter(({ event }) => event === "job").length;
  const before = sent();
  await station.tell("scanner", "scan", { data: waybillOf(number) });
  await station.until(() => sent() > before, `label ${number} to be sent`);
  await station.tell("printer", "condition", { condition: "paper-out", on: true });
  await station.until(
    () => station.inFlight("bench", ({ needs }) => needs === "label-answer"),
    "the question about the label",
  );
  return station.lane("bench").parcels[0]?.parcelId ?? "";
}

test("did the label come out? The person's answer decides, and it is the person's", { timeout: 60_000 }, () =>
  onStation(withLabels, async (station) => {
    const { client, tell } = station;
    await tell("scale", "load", { weightGrams: 205, settleMs: 0 });
    const first = await leaveLabelUnknown(station, 1);
    const about = { laneId: "bench", operatorId: "op-5" };
    expect(await client.command("enterBarcode", { ...about, parcelId: first, data: waybillOf(2) })).toEqual(
      refused("command.not-possible", { reason: "its barcode is already judged" }),
    );
    expect(await client.command("answerLabel", { ...about, parcelId: "nobody", printed: true })).toEqual(
      refused("parcel.unknown", { parcelId: "nobody" }),
    );
    await tell("printer", "condition", { condition: "paper-out", on: false });
    await station.until(
      () => station.twins.printer.events.some(({ event }) => event === "label-printed"),
      "the label",
    );
    expect(await client.command("answerLabel", { ...about, parcelId: first, printed: true })).toEqual(done);
    expect((await untilEnded(station, "bench", waybillOf(1))).outcome).toBe("accepted");

    // This one is torn off the printer, and its job with it.
    const second = await leaveLabelUnknown(station, 2);
    expect(await client.command("answerLabel", { ...about, parcelId: second, printed: false })).toEqual(done);
    const rejected = await untilEnded(station, "bench", waybillOf(2));
    expect(rejected.outcome).toBe("rejected");
    expect(reasonsOf(rejected)).toEqual(["label.failed"]);
    expect(factsWithActor(station, "label.resolved")).toMatchObject(
      [true, false].map((printed) => ({ actor: { kind: "operator", id: "op-5" }, payload: { printed } })),
    );
    expect(await readLabels(station, station.twins.printer)).toEqual([1, 2].map(orderIdOf));
  }),
);
