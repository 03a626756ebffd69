import Database from "better-sqlite3";
import type { SessionEvent } from "@waystation/shared/session/events";
import { afterEach, expect, test } from "vitest";
import { openStationBench, testBelt, testOrder } from "../../test/support/station-bench.ts";
import { verifyFacts } from "./verify-log.ts";

type Bench = ReturnType<typeof openStationBench>;
let bench: Bench | undefined;
const open = (options?: Parameters<typeof openStationBench>[0]): Bench => {
  bench = openStationBench(options);
  bench.core.start();
  bench.core.setPrinter("printer", true, 100);
  return bench;
};
afterEach(() => {
  bench?.close();
  bench?.remove();
  bench = undefined;
});

const induct = (parcelIndex: number): SessionEvent => ({ kind: "inducted", parcelIndex, deviceId: "sorter" });
const telegram = (
  parcelIndex: number | undefined,
  barcode: string | undefined,
  weightGrams = 210,
): SessionEvent => ({
  kind: "reading",
  deviceId: "dws",
  reading: {
    kind: "size",
    lengthMillimetres: 150,
    widthMillimetres: 200,
    heightMillimetres: 52,
    weightGrams,
    ...(barcode === undefined ? { noRead: true } : { barcode }),
    ...(parcelIndex === undefined ? {} : { parcelIndex }),
  },
});
const send = (b: Bench, lane: string, event: SessionEvent) => b.core.handle(lane, event, b.now());
const lane = (b: Bench, id: string) => b.core.viewLanes([id])[0];

/** Induct, read, and answer label and sorter as the devices would; returns the ended parcel. */
function runBelt(b: Bench, index: number, barcode: string | undefined, weightGrams?: number) {
  send(b, "belt", induct(index));
  b.advance(300);
  let effects = send(b, "belt", telegram(index, barcode, weightGrams)).effects;
  const print = effects.find((effect) => effect.kind === "print");
  if (print?.kind === "print")
    effects = send(b, "belt", {
      kind: "label-outcome",
      jobId: print.jobId,
      result: { outcome: "printed", odometer: 101 },
    }).effects;
  const divert = effects.find((effect) => effect.kind === "divert");
  if (divert?.kind === "divert")
    send(b, "belt", { kind: "diverted", parcelIndex: index, chute: divert.chute });
  return lane(b, "belt")?.recent[0];
}

test("a good parcel is labelled, diverted and ends accepted", () => {
  const b = open();
  expect(runBelt(b, 1, "WS0000000001")).toMatchObject({ outcome: "accepted", chute: 3, orderId: "order-1" });
});

test("an order is found by any of its identifiers", () => {
  const b = open();
  expect(runBelt(b, 1, "YT0000000000000002")).toMatchObject({ outcome: "accepted", orderId: "order-2" });
});

test.each([
  ["weighs 350 g instead of the declared 200 g", "WS0000000001", 350, "intercepted", "weight.deviation", 98],
  ["is not known", "WS0000009999", 200, "rejected", "order.unknown", 99],
  ["has no readable barcode", undefined, 200, "no-read", "barcode.no-read", 99],
])("a parcel that %s is stopped", (_what, barcode, grams, outcome, code, chute) => {
  const b = open();
  expect(runBelt(b, 1, barcode, grams)).toMatchObject({
    outcome,
    chute,
    reasons: [expect.objectContaining({ code })],
  });
});

test("a held, a cancelled and a second parcel of one order do not leave", () => {
  const b = open({
    orders: [testOrder(1, { status: "held" }), testOrder(2, { status: "cancelled" }), testOrder(3)],
  });
  expect(runBelt(b, 1, "WS0000000001")).toMatchObject({ outcome: "intercepted" });
  expect(runBelt(b, 2, "WS0000000002")).toMatchObject({ outcome: "intercepted" });
  expect(runBelt(b, 3, "WS0000000003")).toMatchObject({ outcome: "accepted" });
  expect(runBelt(b, 4, "WS0000000003")).toMatchObject({
    outcome: "rejected",
    reasons: [expect.objectContaining({ code: "order.duplicate" })],
  });
});

test("two parcels with one barcode in flight at once: one leaves", () => {
  const b = open();
  send(b, "belt", induct(1));
  send(b, "belt", induct(2));
  b.advance(300);
  const first = send(b, "belt", telegram(1, "WS0000000001")).effects;
  const second = send(b, "belt", telegram(2, "WS0000000001")).effects;
  expect(first.map(({ kind }) => kind)).toEqual(["print"]);
  expect(second).toMatchObject([{ kind: "divert", chute: 99 }]);
});

test("swapped readings of two neighbours are doubted by their time", () => {
  const b = open();
  send(b, "belt", induct(1));
  b.advance(950);
  send(b, "belt", induct(2));
  // The reader is 100 to 1000 ms after the trigger: parcel 2 cannot have been there yet.
  const swapped = send(b, "belt", telegram(2, "WS0000000001")).effects;
  b.advance(300);
  const other = send(b, "belt", telegram(1, "WS0000000002")).effects;
  expect([...swapped, ...other]).toMatchObject([
    { kind: "divert", chute: 99 },
    { kind: "divert", chute: 99 },
  ]);
});

test("a reading whose trigger was dropped goes to the reject lane under its own parcel", () => {
  const b = open();
  expect(send(b, "belt", telegram(5, "WS0000000001")).effects).toMatchObject([
    { kind: "divert", parcelIndex: 5, chute: 99 },
  ]);
  send(b, "belt", { kind: "diverted", parcelIndex: 5, chute: 99 });
  expect(lane(b, "belt")?.recent[0]).toMatchObject({
    outcome: "rejected",
    reasons: [expect.objectContaining({ code: "induction.missing" })],
  });
});

test("a reading without index that could be two parcels' puts both in doubt", () => {
  const b = open();
  send(b, "belt", induct(1));
  b.advance(200);
  send(b, "belt", induct(2));
  b.advance(200);
  send(b, "belt", telegram(undefined, "WS0000000001"));
  b.advance(3000);
  expect(b.core.tick(b.now()).effects).toMatchObject([
    { kind: "divert", chute: 99 },
    { kind: "divert", chute: 99 },
  ]);
});

test("a missing reading ends at the deadline, not never", () => {
  const b = open();
  send(b, "belt", induct(1));
  expect(b.core.nextDeadline()).toBe(b.now() + testBelt.decideWithinMs);
  b.advance(testBelt.decideWithinMs);
  expect(b.core.tick(b.now()).effects).toMatchObject([{ kind: "divert", chute: 99 }]);
});

test("a rehearsal gives the last verdict's effects while a parcel is before the gate, and leaves nothing", () => {
  const b = open();
  const belt = () => JSON.stringify(lane(b, "belt"));
  send(b, "belt", induct(1));
  expect(b.core.rehearse(), "before any verdict").toBeNull();
  b.advance(300);
  send(b, "belt", telegram(1, "WS0000000001"));
  expect(b.core.rehearse(), "with no parcel before the gate").toBeNull();

  send(b, "belt", induct(2));
  const before = [b.store.lastSequence(), belt(), readAll(b)];
  for (let turn = 0; turn < 3; turn += 1)
    expect(b.core.rehearse()).toMatchObject([{ kind: "reserve-printer", laneId: "belt" }]);
  expect([b.store.lastSequence(), belt(), readAll(b)]).toEqual(before);

  b.advance(300);
  send(b, "belt", telegram(2, "WS0000000002"));
  expect(lane(b, "belt")?.parcels[1]).toMatchObject({ orderId: "order-2", verdict: "accepted" });
  expect(verifyFacts(b.factsPath)).toMatchObject({ ok: true });
});

/** Everything a store holds, as one text. */
function readAll({ factsPath }: Bench): string {
  const db = new Database(factsPath, { readonly: true });
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
    .pluck()
    .all() as string[];
  const rows = tables.map((table) => [table, db.prepare(`SELECT * FROM "${table}"`).all()]);
  db.close();
  return JSON.stringify(rows);
}

test("a bench parcel waits for its own weight; a silent scale is asked again", () => {
  const b = open();
  const asked = send(b, "bench", {
    kind: "reading",
    deviceId: "scanner",
    reading: { kind: "scan", data: "WS0000000001", symbology: "code-128" },
  }).effects;
  expect(asked).toMatchObject([{ kind: "request-weight" }]);
  const parcelId = lane(b, "bench")?.parcels[0]?.parcelId ?? "";
  send(b, "bench", {
    kind: "weight-answered",
    parcelId,
    deviceId: "scale",
    weightGrams: null,
    failure: { code: "device.silent", details: {} },
  });
  expect(lane(b, "bench")?.parcels[0]).toMatchObject({ phase: "waiting", needs: "weight" });
  b.advance(1000);
  expect(b.core.tick(b.now()).effects).toMatchObject([{ kind: "request-weight", parcelId }]);
  const answered = send(b, "bench", {
    kind: "weight-answered",
    parcelId,
    deviceId: "scale",
    weightGrams: 205,
    failure: null,
  }).effects;
  expect(answered).toMatchObject([{ kind: "print" }]);
});

test("a bench keeps its parcel while the printer is out of paper, and prints when it is back", () => {
  const b = open();
  b.core.setPrinter("printer", false, undefined);
  send(b, "bench", {
    kind: "reading",
    deviceId: "scanner",
    reading: { kind: "scan", data: "WS0000000001", symbology: "code-128" },
  });
  const parcelId = lane(b, "bench")?.parcels[0]?.parcelId ?? "";
  expect(
    send(b, "bench", {
      kind: "weight-answered",
      parcelId,
      deviceId: "scale",
      weightGrams: 205,
      failure: null,
    }).effects,
  ).toEqual([]);
  expect(b.core.setPrinter("printer", true, 100).effects).toMatchObject([{ kind: "print" }]);
});

test("after a crash nothing is printed or diverted again; the devices are asked", () => {
  const b = open();
  send(b, "belt", induct(1));
  send(b, "belt", induct(2));
  b.advance(300);
  send(b, "belt", telegram(1, "WS0000000001"));
  send(b, "belt", telegram(2, "WS0000009999"));
  b.close();
  const again = openStationBench({ dir: b.dir });
  bench = again;
  const kinds = again.core.start().effects.map(({ kind }) => kind);
  expect(kinds.sort()).toEqual(["query-divert", "resolve-print"]);
});

test("the log verifies, and a changed byte is found", () => {
  const b = open();
  for (let index = 1; index <= 5; index += 1) runBelt(b, index, `WS000000000${index}`);
  expect(verifyFacts(b.factsPath)).toMatchObject({ ok: true, parcels: 5 });
  const db = new Database(b.factsPath);
  expect(() => db.exec("UPDATE facts SET text = replace(text, '210', '211') WHERE sequence = 5")).toThrow(
    /immutable/,
  );
  db.exec(
    "DROP TRIGGER facts_are_immutable; UPDATE facts SET text = replace(text, 'parcel', 'Parcel') WHERE sequence = 5",
  );
  db.close();
  expect(verifyFacts(b.factsPath)).toMatchObject({ ok: false, sequence: 5 });
});

test("a stopped lane sends what still comes to the reject lane", () => {
  const b = open();
  send(b, "belt", { kind: "stopped", reason: "jam", operatorId: "op-1" });
  expect(runBelt(b, 1, "WS0000000001")).toMatchObject({ outcome: "rejected", chute: 99 });
  send(b, "belt", { kind: "resumed", operatorId: "op-1" });
  expect(runBelt(b, 2, "WS0000000001")).toMatchObject({ outcome: "accepted" });
});
