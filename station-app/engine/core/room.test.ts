import type { SessionEvent } from "@waystation/shared/session/events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStationBench } from "../../test/support/station-bench.ts";
import { verifyFacts } from "./verify-log.ts";

type Bench = ReturnType<typeof openStationBench>;
let b: Bench;
beforeEach(() => {
  b = openStationBench();
  b.core.start();
  b.core.setPrinter("printer", true, 100);
});
afterEach(() => {
  b.close();
  b.remove();
});

const send = (lane: string, event: SessionEvent) => b.core.handle(lane, event, b.now());
const lane = (id: string) => b.core.viewLanes([id])[0];
const induct = (parcelIndex: number) => send("belt", { kind: "inducted", parcelIndex, deviceId: "sorter" });
const measures = { weightGrams: 210, lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 };
const read = (parcelIndex: number, barcode: string) =>
  send("belt", {
    kind: "reading",
    deviceId: "dws",
    reading: { kind: "size", parcelIndex, barcode, ...measures },
  });

test("without room a parcel under way ends as usual, a new one goes to the reject lane, and the lane goes on by itself", () => {
  induct(1);
  b.advance(300);
  expect(b.core.setRoom(false).changedLanes).toEqual(["belt", "bench"]);
  const [print] = read(1, "WS0000000001").effects;
  expect(print?.kind).toBe("print");

  induct(2);
  b.advance(300);
  expect(read(2, "WS0000000002").effects).toMatchObject([{ kind: "divert", chute: 99 }]);
  expect(lane("belt")).toMatchObject({ status: "stopped", stopReason: "store.nearly-full" });

  b.core.setRoom(true);
  expect(lane("belt")).toMatchObject({ status: "running", stopReason: null });
  induct(3);
  b.advance(300);
  const outcome = { outcome: "printed", odometer: 101 } as const;
  const jobId = print?.kind === "print" ? print.jobId : "";
  const effects = [
    ...read(3, "WS0000000003").effects,
    ...send("belt", { kind: "label-outcome", jobId, result: outcome }).effects,
  ];
  expect(effects).toMatchObject([
    { kind: "divert", parcelIndex: 1 },
    { kind: "print", orderId: "order-3" },
  ]);
  expect(verifyFacts(b.factsPath)).toMatchObject({ ok: true });
});

test("at a bench a person hears why nothing is taken, and cannot start the lane against it", () => {
  b.core.setRoom(false);
  const refused = { failure: { code: "store.nearly-full" } };
  const scan = { kind: "scan", data: "WS0000000001", symbology: "code128" } as const;
  const before = b.store.lastSequence();
  expect(send("bench", { kind: "reading", deviceId: "wedge", reading: scan })).toMatchObject(refused);
  expect(
    send("bench", { kind: "manual-barcode", parcelId: null, data: "WS0000000001", operatorId: "op" }),
  ).toMatchObject(refused);
  expect(send("bench", { kind: "resumed", operatorId: "op" })).toMatchObject(refused);
  expect(b.store.lastSequence()).toBe(before);
  expect(lane("bench")?.parcels).toEqual([]);
});

test("a lane that a person stopped stays stopped when there is room again", () => {
  send("bench", { kind: "stopped", reason: "operator", operatorId: "op" });
  b.core.setRoom(false);
  b.core.setRoom(true);
  expect(lane("bench")).toMatchObject({ status: "stopped", stopReason: "operator" });
  expect(lane("belt")).toMatchObject({ status: "running" });
});
