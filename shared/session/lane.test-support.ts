import { baseChannel, baseOrder, baseSortPlan } from "../decision/decision.test-support.ts";
import type { FactDraft } from "../facts/draft.ts";
import type { Order } from "../model/order.ts";
import type { Effect, SessionContext, SessionEvent } from "./events.ts";
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
