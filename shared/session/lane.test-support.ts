import fc from "fast-check";
import { baseChannel, baseOrder, baseSortPlan } from "../decision/decision.test-support.ts";
import { makeReason, type ReasonCode } from "../decision/reasons.ts";
import type { FactDraft } from "../facts/draft.ts";
import { type FailureCode, failureCatalog } from "../failures/catalog.ts";
import type { Failure } from "../failures/result.ts";
import type { Order } from "../model/order.ts";
import {
  divertCommandId,
  type Effect,
  labelJobId,
  type RecoveredParcel,
  type SessionContext,
  type SessionEvent,
} from "./events.ts";
import { createLane, type LaneProfile, type LaneState } from "./state.ts";
import { step } from "./step.ts";

/** A lane that is driven by a script and keeps everything that it said. */

const window = { fromMs: 100, toMs: 1000 };
export const belt: LaneProfile = {
  laneId: "belt",
  kind: "belt",
  steps: ["weigh", "measure", "label", "divert"],
  devices: { dimensioner: "dws", sorter: "sorter", printer: "printer" },
  decideWithinMs: 3000,
  labelWithinMs: 4000,
  divertWithinMs: 2000,
  confirmWithinMs: 10_000,
  weighAgainMs: 1000,
  maxInFlight: 6,
  windows: { scan: window, weight: window, size: window },
};
export const bench: LaneProfile = {
  ...belt,
  laneId: "bench",
  kind: "bench",
  steps: ["weigh", "label"],
  devices: { scanner: "scanner", scale: "scale", printer: "printer" },
};
/** Lanes of every make, also badly made ones: a role without its device. */
export const profiles: readonly LaneProfile[] = [
  belt,
  bench,
  { ...belt, steps: ["measure", "divert"], maxInFlight: 2 },
  { ...belt, steps: ["label", "divert"], devices: { sorter: "sorter" } },
  { ...belt, devices: { printer: "printer" } },
  { ...bench, steps: [], devices: {} },
  { ...bench, steps: ["weigh", "measure", "label", "divert"], devices: { printer: "printer" } },
];

const orders: Readonly<Record<string, Order>> = {
  WS1: baseOrder,
  WS2: {
    ...baseOrder,
    orderId: "order-2",
    waybill: "WS2",
    consignee: { ...baseOrder.consignee, country: "FR" },
  },
  WS3: { ...baseOrder, orderId: "order-3", waybill: "WS3", status: "held" },
};

export function createContext(atMs: number, mintParcelId: () => string): SessionContext {
  return {
    atMs,
    mintParcelId,
    findOrders: (barcodes) =>
      barcodes
        .flatMap((barcode) => orders[barcode] ?? [])
        .map((order) => ({ order, revision: 1, label: "house", handledBefore: false })),
    findChannel: (code) => (code === baseChannel.code ? baseChannel : undefined),
    sortPlan: baseSortPlan,
  };
}

export type TracedStep = {
  readonly atMs: number;
  readonly event: SessionEvent;
  readonly before: LaneState;
  readonly after: LaneState;
  readonly facts: readonly FactDraft[];
  readonly effects: readonly Effect[];
};
export type Trace = { readonly profile: LaneProfile; readonly steps: readonly TracedStep[] };

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}

/** Everything handed to a step is frozen: a step that changed its input would throw. */
export function openLane(profile: LaneProfile) {
  let state = freeze(createLane(profile));
  let atMs = 1_000_000;
  let minted = 0;
  const steps: TracedStep[] = [];
  const open: Effect[] = [];
  const mint = () => {
    minted += 1;
    return `p${minted}`;
  };
  function send(event: SessionEvent, afterMs = 0): TracedStep {
    atMs += afterMs;
    const before = state;
    const { state: after, facts, effects } = step(before, freeze(event), createContext(atMs, mint));
    state = freeze(after);
    open.push(...effects);
    const traced = { atMs, event, before, after, facts, effects };
    steps.push(traced);
    return traced;
  }
  return {
    send,
    open,
    state: () => state,
    now: () => atMs,
    trace: (): Trace => ({ profile, steps }),
  };
}
export type Lane = ReturnType<typeof openLane>;

/** What a gate says of a parcel that is as declared. */
export const telegram = (
  parcelIndex: number | undefined,
  barcode: string | undefined,
  weightGrams = 200,
): SessionEvent => ({
  kind: "reading",
  deviceId: "dws",
  reading: {
    kind: "size",
    lengthMillimetres: 50,
    widthMillimetres: 200,
    heightMillimetres: 150,
    weightGrams,
    ...(barcode === undefined ? { noRead: true } : { barcode }),
    ...(parcelIndex === undefined ? {} : { parcelIndex }),
  },
});
export const inducted = (parcelIndex: number): SessionEvent => ({
  kind: "inducted",
  parcelIndex,
  deviceId: "sorter",
});
export const scan = (data: string): SessionEvent => ({
  kind: "reading",
  deviceId: "scanner",
  reading: { kind: "scan", data, symbology: "code-128" },
});

// What follows makes scripts: mostly a plausible day, now and then nonsense.

const parcelId = fc.constantFrom("p1", "p2", "p3", "p4", "r1", "nobody");
const parcelIndex = fc.constantFrom(1, 2, 3, 4, 999);
const chute = fc.constantFrom(3, 4, 5, 98, 99);
const barcode = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("WS1", "WS2", "WS3", "unknown") },
  { weight: 1, arbitrary: fc.constantFrom("", "x".repeat(512), "x".repeat(513), "\u0000\ud800") },
);
const grams = fc.constantFrom(200, 200, 205, 350, 0, -5);
const failure: fc.Arbitrary<Failure> = fc
  .constantFrom(...(Object.keys(failureCatalog) as FailureCode[]))
  .map((code) => ({ code, details: { device: "device" }, cause: "said so" }));
const labelResult = fc.oneof(
  fc.record({
    outcome: fc.constant("printed" as const),
    odometer: fc.option(fc.integer({ min: 0, max: 9 })),
  }),
  fc.record({ outcome: fc.constantFrom("failed" as const, "unknown" as const), failure }),
);
const divertState = fc.oneof(
  fc.record({ state: fc.constantFrom("unknown-parcel" as const, "unassigned" as const, "lost" as const) }),
  fc.record({ state: fc.constantFrom("assigned" as const, "confirmed" as const), chute }),
);
const millimetres = fc.constantFrom(50, 60, 150, 200, 400);
const reading = fc.oneof(
  fc.record(
    { kind: fc.constant("scan" as const), data: barcode, symbology: fc.constant("qr"), parcelIndex },
    { requiredKeys: ["kind", "data", "symbology"] },
  ),
  fc.record(
    {
      kind: fc.constant("weight" as const),
      state: fc.constantFrom("stable" as const, "motion" as const, "fault" as const),
      net: fc.boolean(),
      weightGrams: grams,
      parcelIndex,
    },
    { requiredKeys: ["kind", "state", "net"] },
  ),
  fc.record(
    {
      kind: fc.constant("size" as const),
      lengthMillimetres: millimetres,
      widthMillimetres: millimetres,
      heightMillimetres: millimetres,
      weightGrams: grams,
      barcode,
      noRead: fc.boolean(),
      parcelIndex,
    },
    { requiredKeys: ["kind"] },
  ),
);
const anyEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  parcelIndex.map(inducted),
  fc.record({ kind: fc.constant("reading" as const), deviceId: fc.constant("dws"), reading }),
  fc.record({
    kind: fc.constant("manual-barcode" as const),
    parcelId: fc.option(parcelId),
    data: barcode,
    operatorId: fc.constant("op"),
  }),
  fc.record({
    kind: fc.constant("weight-answered" as const),
    parcelId,
    deviceId: fc.constant("scale"),
    weightGrams: fc.option(grams),
    failure: fc.constant(null),
  }),
  fc.record({ kind: fc.constant("printer-granted" as const), parcelId, odometer: fc.option(fc.nat(9)) }),
  fc.record({
    kind: fc.constant("label-outcome" as const),
    jobId: parcelId.map(labelJobId),
    result: labelResult,
  }),
  fc.record({
    kind: fc.constant("label-answered" as const),
    parcelId,
    printed: fc.boolean(),
    operatorId: fc.constant("op"),
  }),
  fc.record({
    kind: fc.constant("divert-failed" as const),
    commandId: fc.oneof(parcelId.map(divertCommandId), fc.constantFrom("", "p1")),
    failure,
  }),
  fc.record({ kind: fc.constant("diverted" as const), parcelIndex, chute }),
  fc.record({ kind: fc.constant("lost" as const), parcelIndex }),
  fc.record({ kind: fc.constant("divert-state" as const), parcelId, state: divertState }),
  fc.record({ kind: fc.constant("chute-full" as const), chute, full: fc.boolean() }),
  fc.record({ kind: fc.constant("cleared" as const), parcelId, operatorId: fc.constant("op") }),
  fc.record({
    kind: fc.constant("stopped" as const),
    reason: fc.constant("jam"),
    operatorId: fc.constant("op"),
  }),
  fc.record({ kind: fc.constant("resumed" as const), operatorId: fc.constant("op") }),
  fc.constant({ kind: "ticked" as const }),
);

type Recovered = Omit<RecoveredParcel, "parcelId">;

/** As the facts would tell it: what was asked of a device was judged before. */
const recovered: fc.Arbitrary<Recovered> = fc
  .record({
    parcelIndex: fc.constantFrom(51, 52, 53),
    barcode: fc.option(fc.constantFrom("WS1", "WS3", "unknown")),
    weightGrams: fc.option(grams),
    size: fc.option(fc.constant({ lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 })),
    how: fc.constantFrom(
      "unjudged" as const,
      "accepted" as const,
      "rejected" as const,
      "of-tomorrow" as const,
    ),
    label: fc.constantFrom(
      "none" as const,
      "requested" as const,
      "printed" as const,
      "failed" as const,
      "unknown" as const,
    ),
    odometerBefore: fc.option(fc.nat(9)),
    divert: fc.constantFrom("none" as const, "requested" as const, "failed" as const),
  })
  .map(({ how, label, divert, ...found }) => ({
    ...found,
    ...judgedAs[how],
    label: how === "accepted" ? label : "none",
    labelJob: null,
    divert: how === "unjudged" ? "none" : divert,
  }));

/** The last one bears a reason that only a newer version of the station knows. */
const judgedAs: Readonly<
  Record<
    "unjudged" | "accepted" | "rejected" | "of-tomorrow",
    Pick<Recovered, "verdict" | "reasons" | "chute" | "orderId">
  >
> = {
  unjudged: { verdict: null, reasons: [], chute: null, orderId: null },
  accepted: { verdict: "accepted", reasons: [], chute: 3, orderId: "order-1" },
  rejected: {
    verdict: "rejected",
    reasons: [makeReason("order.duplicate", { orderId: "order-1" })],
    chute: 99,
    orderId: "order-1",
  },
  "of-tomorrow": {
    verdict: "rejected",
    reasons: [{ code: "order.of-tomorrow" as ReasonCode, details: {} }],
    chute: 99,
    orderId: null,
  },
};

type Line =
  | { readonly say: "event"; readonly event: SessionEvent; readonly afterMs: number }
  /** A parcel comes: trigger, then its readings. */
  | {
      readonly say: "parcel";
      readonly index: number;
      readonly barcode: string;
      readonly indexed: boolean;
      readonly afterMs: number;
    }
  /** A device answers one of the effects nobody has answered yet. */
  | { readonly say: "answer"; readonly which: number; readonly how: number; readonly afterMs: number };

const afterMs = fc.constantFrom(0, 1, 300, 1000, 2500, 11_000);
const line: fc.Arbitrary<Line> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ say: fc.constant("event" as const), event: anyEvent, afterMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      say: fc.constant("parcel" as const),
      index: fc.integer({ min: 1, max: 9 }),
      barcode: fc.constantFrom("WS1", "WS2", "WS3", "unknown"),
      indexed: fc.boolean(),
      afterMs,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      say: fc.constant("answer" as const),
      which: fc.nat(5),
      how: fc.nat(9),
      afterMs: fc.constantFrom(0, 10, 300),
    }),
  },
);
export type Script = {
  readonly profile: LaneProfile;
  readonly recovered: readonly Recovered[];
  readonly lines: readonly Line[];
};
export const anyScript: fc.Arbitrary<Script> = fc.record({
  profile: fc.constantFrom(...profiles, belt, bench),
  recovered: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(recovered, { minLength: 1, maxLength: 3 }) },
  ),
  lines: fc.array(line, { maxLength: 40, size: "max" }),
});

/** What was under way comes back before anything else happens, each parcel once: that is how the core starts. */
export function play({ profile, recovered: found, lines }: Script): Lane {
  const lane = openLane(profile);
  found.forEach((parcel, at) => {
    lane.send({ kind: "recovered", parcel: { ...parcel, parcelId: `r${at + 1}` } });
  });
  for (const said of lines) playLine(lane, said);
  return lane;
}

function playLine(lane: Lane, said: Line): void {
  switch (said.say) {
    case "event":
      lane.send(said.event, said.afterMs);
      return;
    case "parcel":
      if (lane.trace().profile.kind === "bench") lane.send(scan(said.barcode), said.afterMs);
      else {
        lane.send(inducted(said.index), said.afterMs);
        lane.send(telegram(said.indexed ? said.index : undefined, said.barcode), 300);
      }
      return;
    case "answer": {
      const [effect] = lane.open.splice(said.which % Math.max(1, lane.open.length), 1);
      if (effect !== undefined) lane.send(answerEffect(effect, said.how), said.afterMs);
    }
  }
}

const refused: Failure = { code: "printer.not-printed", details: { device: "printer" } };

/** Seven times in ten the device does as it was told. */
function answerEffect(effect: Effect, how: number): SessionEvent {
  switch (effect.kind) {
    case "request-weight":
      return {
        kind: "weight-answered",
        parcelId: effect.parcelId,
        deviceId: "scale",
        weightGrams: how < 7 ? 200 : null,
        failure: null,
      };
    case "reserve-printer":
      return { kind: "printer-granted", parcelId: effect.parcelId, odometer: how };
    case "print":
    case "resolve-print": {
      const result =
        how < 7
          ? ({ outcome: "printed", odometer: how } as const)
          : ({ outcome: how < 9 ? "failed" : "unknown", failure: refused } as const);
      return { kind: "label-outcome", jobId: effect.jobId, result };
    }
    case "divert":
      if (how === 9) return { kind: "divert-failed", commandId: effect.commandId, failure: refused };
      return {
        kind: "diverted",
        parcelIndex: effect.parcelIndex,
        chute: how < 7 ? effect.chute : how === 7 ? 99 : 5,
      };
    case "query-divert":
      return {
        kind: "divert-state",
        parcelId: effect.parcelId,
        state:
          how < 7
            ? { state: "confirmed", chute: how < 4 ? 3 : 99 }
            : { state: how === 7 ? "unassigned" : "lost" },
      };
  }
}
