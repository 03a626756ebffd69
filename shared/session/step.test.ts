import { expect, test } from "vitest";
import { baseSortPlan } from "../decision/decision.test-support.ts";
import { describeReason, type Reason } from "../decision/reasons.ts";
import { belt, bench, inducted, openLane, scan, telegram } from "./lane.test-support.ts";
import type { RecoveredParcel, SessionEvent } from "./events.ts";
import { recentLimit } from "./state.ts";
import { nextDeadline } from "./step.ts";
import { viewLane } from "./view-lane.ts";

/** Single stories; what must hold for every story is in step.property.test.ts. */

const kindsOf = (effects: readonly { readonly kind: string }[]): string[] => effects.map(({ kind }) => kind);
const codesOf = (reasons: readonly { readonly code: string }[] | undefined): string[] | undefined =>
  reasons?.map(({ code }) => code);
const named = (facts: readonly { readonly name: string }[], wanted: string) =>
  facts.filter(({ name }) => name === wanted);
const printed = (parcelId: string): SessionEvent => ({
  kind: "label-outcome",
  jobId: `${parcelId}/label`,
  result: { outcome: "printed", odometer: 1 },
});
const granted = (parcelId: string): SessionEvent => ({ kind: "printer-granted", parcelId, odometer: 0 });

/** A belt parcel up to the moment in which its label is being printed. */
function labelled(index = 1) {
  const lane = openLane(belt);
  lane.send(inducted(index));
  lane.send(telegram(index, "WS1"), 300);
  lane.send(granted("p1"));
  return lane;
}

test("two swapped readings send both parcels to the reject chute", () => {
  const lane = openLane(belt);
  lane.send(inducted(1));
  lane.send(inducted(2), 950);
  lane.send(telegram(2, "WS1"));
  lane.send(telegram(1, "WS2"), 300);
  expect(lane.open).toMatchObject([
    { kind: "divert", parcelIndex: 2, chute: baseSortPlan.rejectChute },
    { kind: "divert", parcelIndex: 1, chute: baseSortPlan.rejectChute },
  ]);
});

test("a reading without index goes to the one parcel that can be where the gate looks", () => {
  const lane = openLane(belt);
  lane.send(inducted(1));
  lane.send(inducted(2), 1000);
  const { facts } = lane.send(telegram(undefined, "WS2"), 300);
  expect(facts[0]).toMatchObject({
    name: "parcel.scanned.v1",
    parcelId: "p2",
    payload: { boundBy: "window" },
  });
});

test("a reading that could be two parcels' is nobody's, and both are in doubt", () => {
  const lane = openLane(belt);
  lane.send(inducted(1));
  lane.send(inducted(2), 200);
  const { facts, after } = lane.send(telegram(undefined, "WS1"), 200);
  expect(facts.map(({ name, parcelId }) => [name, parcelId])).toEqual([
    ["parcel.doubted.v1", "p1"],
    ["parcel.doubted.v1", "p2"],
    ["reading.discarded.v1", null],
  ]);
  expect(after.parcels).toMatchObject([
    { barcodes: [], doubts: [{ code: "association.ambiguous" }] },
    { barcodes: [], doubts: [{ code: "association.ambiguous" }] },
  ]);
});

test("a trigger that comes after its reading does not make a second parcel", () => {
  const lane = openLane(belt);
  lane.send(telegram(1, "WS1"));
  expect(lane.send(inducted(1)).facts).toMatchObject([
    { name: "reading.discarded.v1", payload: { reason: "inducted-twice" } },
  ]);
  expect(lane.state().parcels).toHaveLength(1);
});

test("a trigger heard late gives no time to tell readings apart by: its parcel is in doubt", () => {
  const lane = openLane(belt);
  lane.send({ kind: "inducted", parcelIndex: 1, deviceId: "sorter", isLate: true });
  expect(lane.send(telegram(1, "WS1"), 300).effects).toMatchObject([
    { kind: "divert", parcelIndex: 1, chute: 99 },
  ]);
  expect(codesOf(lane.state().parcels[0]?.doubts)).toEqual(["association.out-of-window"]);
});

test("a trigger heard late for a parcel that is already through makes no second parcel of it", () => {
  const lane = openLane(belt);
  lane.send(telegram(1, "WS1"));
  lane.send({ kind: "diverted", parcelIndex: 1, chute: 99 });
  const late = lane.send({ kind: "inducted", parcelIndex: 1, deviceId: "sorter", isLate: true });
  expect(late.facts).toMatchObject([{ name: "reading.discarded.v1", payload: { reason: "inducted-twice" } }]);
  // A sorter may count from one again: a trigger in time is another parcel.
  expect(lane.send(inducted(1)).after.parcels).toHaveLength(1);
});

test("the screen's list of parcels that ended is bounded", () => {
  const lane = openLane(belt);
  for (let index = 1; index <= recentLimit + 3; index += 1) {
    lane.send(inducted(index));
    lane.send({ kind: "lost", parcelIndex: index });
  }
  expect(lane.state().recent).toHaveLength(recentLimit);
  expect(lane.state().recent[0]?.parcelIndex).toBe(recentLimit + 3);
});

test("two different weights for one parcel are a conflict, the same weight twice is none", () => {
  const lane = openLane(belt);
  lane.send(inducted(1));
  const weight = (weightGrams: number): SessionEvent => ({
    kind: "reading",
    deviceId: "dws",
    reading: { kind: "weight", state: "stable", net: false, weightGrams, parcelIndex: 1 },
  });
  lane.send(weight(200), 300);
  expect(lane.send(weight(200)).facts).toEqual([]);
  expect(lane.send(weight(201)).facts).toMatchObject([
    { name: "parcel.doubted.v1", payload: { reason: { code: "association.conflict" } } },
  ]);
});

test("a weight in motion is no weight", () => {
  const lane = openLane(belt);
  lane.send(inducted(1));
  const reading = { kind: "weight", state: "motion", net: false, weightGrams: 200, parcelIndex: 1 } as const;
  expect(lane.send({ kind: "reading", deviceId: "dws", reading }, 300).facts).toEqual([]);
});

test("a full belt takes no further parcel and says so", () => {
  const lane = openLane({ ...belt, maxInFlight: 1 });
  lane.send(inducted(1));
  for (const event of [inducted(2), telegram(2, "WS1")])
    expect(lane.send(event).facts).toMatchObject([
      { name: "reading.discarded.v1", payload: { reason: "lane-full", parcelIndex: 2 } },
    ]);
});

test("a label that comes after the belt gave up is recorded, and the parcel stays rejected", () => {
  const lane = labelled();
  lane.send({ kind: "ticked" }, belt.labelWithinMs);
  expect(lane.send(printed("p1")).facts).toMatchObject([{ name: "label.printed.v1", parcelId: "p1" }]);
  lane.send({ kind: "diverted", parcelIndex: 1, chute: 99 });
  expect(lane.state().recent[0]).toMatchObject({ outcome: "rejected", reasons: [{ code: "label.unknown" }] });
  expect(lane.send(printed("p1")).facts).toMatchObject([{ name: "label.printed.v1", parcelId: "p1" }]);
});

test("a parcel that the sorter put elsewhere is not accepted, wherever it lies", () => {
  const lane = labelled();
  lane.send(printed("p1"));
  lane.send({ kind: "diverted", parcelIndex: 1, chute: 5 });
  expect(lane.state().recent[0]).toMatchObject({
    outcome: "rejected",
    chute: 5,
    reasons: [{ code: "chute.other", details: { chute: 3, actualChute: 5 } }],
  });
});

test("a confirmation that comes after the deadline still says where the parcel lies", () => {
  const lane = labelled();
  lane.send(printed("p1"));
  lane.send({ kind: "ticked" }, belt.confirmWithinMs);
  expect(lane.state().recent[0]).toMatchObject({ outcome: "rejected", chute: null });
  expect(lane.send({ kind: "diverted", parcelIndex: 1, chute: 3 }).facts).toMatchObject([
    { name: "divert.confirmed.v1", parcelId: "p1", payload: { chute: 3 } },
  ]);
});

test.each([
  ["before anybody had judged it", [], null],
  ["while its label was being printed", [telegram(1, "WS1"), granted("p1")], null],
  ["as it was asked to", [telegram(1, "WS1"), granted("p1"), printed("p1")], "p1/divert"],
] as const)("a parcel that went %s: what the sorter tells again is old news", (_when, events, commandId) => {
  const lane = openLane(belt);
  lane.send(inducted(1));
  for (const event of events) lane.send(event, 300);
  const gone: SessionEvent = { kind: "diverted", parcelIndex: 1, chute: 99 };
  expect(named(lane.send(gone).facts, "divert.confirmed.v1")).toMatchObject([{ payload: { commandId } }]);
  expect(lane.send(gone).facts).toMatchObject([
    { name: "reading.discarded.v1", payload: { kind: "confirm", reason: "confirmed-twice", parcelIndex: 1 } },
  ]);
});

test("a parcel taken from the belt before it was asked anywhere, and seen in a chute after all", () => {
  const lane = labelled();
  lane.send({ kind: "cleared", parcelId: "p1", operatorId: "op" });
  expect(lane.send({ kind: "diverted", parcelIndex: 1, chute: 99 }).facts).toMatchObject([
    { name: "divert.confirmed.v1", payload: { commandId: null, chute: 99 } },
  ]);
  expect(lane.state().recent[0]).toMatchObject({ chute: 99 });
});

test("on a bench the newest scan wins, and the weight asked for the first parcel is nobody's", () => {
  const lane = openLane(bench);
  lane.send(scan("WS1"));
  expect(kindsOf(lane.send(scan("WS2")).effects)).toEqual(["request-weight"]);
  expect(codesOf(lane.state().recent[0]?.reasons)).toEqual(["parcel.cleared"]);
  const late = lane.send({
    kind: "weight-answered",
    parcelId: "p1",
    deviceId: "scale",
    weightGrams: 200,
    failure: null,
  });
  expect(late.facts).toEqual([]);
  expect(lane.state().parcels[0]?.weightGrams).toBeNull();
});

test("scanning the same parcel again on a bench changes nothing", () => {
  const lane = openLane(bench);
  lane.send(scan("WS1"));
  expect(lane.send(scan("WS1"))).toMatchObject({ facts: [], effects: [] });
});

test("a bench printer out of paper is waited for; a label that cannot be printed at all is not", () => {
  const outcome = (code: "printer.paper-out" | "label.invalid"): SessionEvent => ({
    kind: "label-outcome",
    jobId: "p1/label",
    result: { outcome: "failed", failure: { code, details: {} } },
  });
  const lane = openLane(bench);
  lane.send(scan("WS1"));
  lane.send({ kind: "weight-answered", parcelId: "p1", deviceId: "scale", weightGrams: 200, failure: null });
  lane.send(granted("p1"));
  expect(kindsOf(lane.send(outcome("printer.paper-out")).effects)).toEqual(["reserve-printer"]);
  lane.send(granted("p1"));
  lane.send(outcome("label.invalid"));
  expect(lane.state().recent[0]).toMatchObject({ outcome: "rejected", reasons: [{ code: "label.failed" }] });
});

test("a lane that must label and has no printer lets nothing out unlabelled", () => {
  const lane = openLane({ ...belt, devices: { dimensioner: "dws", sorter: "sorter" } });
  lane.send(inducted(1));
  expect(lane.send(telegram(1, "WS1"), 300).effects).toMatchObject([{ kind: "divert", chute: 99 }]);
});

test("a belt that must divert and has no sorter accepts nothing", () => {
  const lane = openLane({ ...belt, steps: ["divert"], devices: { dimensioner: "dws" } });
  lane.send(inducted(1));
  lane.send(telegram(1, "WS1"), 300);
  expect(lane.state().recent[0]).toMatchObject({
    outcome: "rejected",
    chute: null,
    reasons: [{ code: "divert.failed" }],
  });
});

test("a barcode entered for no parcel starts one on a bench and none on a belt", () => {
  const entered: SessionEvent = { kind: "manual-barcode", parcelId: null, data: "WS1", operatorId: "op" };
  const [onBench, onBelt] = [openLane(bench), openLane(belt)];
  expect(onBench.send(entered).after.parcels).toHaveLength(1);
  onBelt.send(inducted(1));
  expect(onBelt.send(entered, 300).after.parcels).toMatchObject([{ parcelId: "p1", barcodes: [] }]);
});

test("a trigger wired to a bench makes no parcel", () => {
  const lane = openLane(bench);
  expect(lane.send(inducted(1)).after.parcels).toEqual([]);
});

test("a code longer than a fact can hold is nobody's barcode", () => {
  const [onBench, onBelt] = [openLane(bench), openLane(belt)];
  onBelt.send(inducted(1));
  const long = "x".repeat(513);
  const entered: SessionEvent = { kind: "manual-barcode", parcelId: null, data: long, operatorId: "op" };
  for (const { facts } of [
    onBench.send(scan(long)),
    onBench.send(entered),
    onBelt.send(telegram(1, long), 300),
  ])
    expect(facts).toMatchObject([{ name: "reading.discarded.v1", payload: { reason: "barcode-too-long" } }]);
});

const found: RecoveredParcel = {
  parcelId: "r1",
  parcelIndex: 51,
  barcode: "WS1",
  weightGrams: 200,
  size: null,
  orderId: "order-1",
  verdict: "accepted",
  reasons: [],
  chute: 3,
  label: "none",
  labelJob: null,
  odometerBefore: null,
  divert: "none",
};

test.each<[string, Partial<RecoveredParcel>, string[]]>([
  ["asked of both devices", { label: "requested", divert: "requested" }, ["resolve-print", "query-divert"]],
  ["asked of the printer", { label: "requested" }, ["resolve-print"]],
  ["asked of the sorter", { label: "printed", divert: "requested" }, ["query-divert"]],
  ["refused by the sorter", { label: "printed", divert: "failed" }, ["query-divert"]],
  ["labelled and not yet diverted", { label: "printed" }, ["divert"]],
  ["judged and not yet labelled", {}, ["divert"]],
  ["not yet judged", { verdict: null, chute: null, orderId: null }, ["divert"]],
])(
  "after a restart a belt parcel that was %s: the devices are asked, the rest is rejected",
  (_what, changes, kinds) => {
    const lane = openLane(belt);
    const { effects } = lane.send({ kind: "recovered", parcel: { ...found, ...changes } });
    expect(kindsOf(effects)).toEqual(kinds);
    for (const effect of effects) if (effect.kind === "divert") expect(effect.chute).toBe(99);
  },
);

test.each([
  ["requested", "label.unknown"],
  ["unknown", "label.unknown"],
  ["failed", "label.failed"],
  ["none", "label.failed"],
] as const)(
  "after a restart a parcel diverted with its label %s stays rejected, and says why",
  (label, code) => {
    for (const chute of [99, 3]) {
      const lane = openLane(belt);
      lane.send({ kind: "recovered", parcel: { ...found, label, divert: "requested" } });
      lane.send({ kind: "divert-state", parcelId: "r1", state: { state: "confirmed", chute } });
      expect(lane.state().recent[0]?.outcome).toBe("rejected");
      expect(codesOf(lane.state().recent[0]?.reasons)?.[0]).toBe(code);
      if (chute === 99) expect(lane.state().recent[0]?.reasons).toHaveLength(1);
    }
  },
);

test("after a restart a parcel that nobody judged says so once", () => {
  for (const profile of [belt, bench]) {
    const lane = openLane(profile);
    lane.send({ kind: "recovered", parcel: { ...found, verdict: null, chute: null, orderId: null } });
    lane.send({ kind: "diverted", parcelIndex: 51, chute: 99 });
    const codes = codesOf(lane.state().recent[0]?.reasons) ?? [];
    expect(codes).toContain("engine.restarted");
    expect(new Set(codes).size).toBe(codes.length);
  }
});

test("after a restart a reason of a newer version is not taken lightly", () => {
  const lane = openLane(bench);
  const reasons = [{ code: "order.of-tomorrow", details: {} }] as unknown as readonly Reason[];
  lane.send({ kind: "recovered", parcel: { ...found, verdict: "rejected", reasons, chute: 99 } });
  expect(lane.state().recent[0]).toMatchObject({ outcome: "rejected" });
  expect(describeReason(lane.state().recent[0]?.reasons[0] as Reason)).toContain("order.of-tomorrow");
});

test("a lane that has nothing to wait for wants no waking", () => {
  const lane = openLane(belt);
  expect(nextDeadline(lane.state())).toBeNull();
  lane.send(inducted(1));
  expect(nextDeadline(lane.state())).toBe(lane.now() + belt.decideWithinMs);
});

test("a screen sees who must act", () => {
  const lane = openLane(bench);
  lane.send(scan("WS1"));
  lane.send({
    kind: "weight-answered",
    parcelId: "p1",
    deviceId: "scale",
    weightGrams: null,
    failure: { code: "device.silent", details: {} },
  });
  expect(viewLane(lane.state()).parcels[0]).toMatchObject({ phase: "waiting", needs: "weight" });
  const asked = lane.send({ kind: "ticked" }, bench.weighAgainMs);
  expect(kindsOf(asked.effects)).toEqual(["request-weight"]);
  lane.send({ kind: "weight-answered", parcelId: "p1", deviceId: "scale", weightGrams: 200, failure: null });
  lane.send(granted("p1"));
  lane.send({
    kind: "label-outcome",
    jobId: "p1/label",
    result: { outcome: "unknown", failure: { code: "printer.unconfirmed", details: {} } },
  });
  expect(viewLane(lane.state()).parcels[0]).toMatchObject({ phase: "waiting", needs: "label-answer" });
});
