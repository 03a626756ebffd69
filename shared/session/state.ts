import type { Size } from "../decision/audit.ts";
import type { Reason } from "../decision/reasons.ts";
import type { Outcome } from "../facts/catalog.ts";

/** What a lane does to a parcel besides identifying it. */
export type LaneStep = "weigh" | "measure" | "label" | "divert";

/** Time after induction in which a reading without an index may belong to the parcel. */
export type Window = { readonly fromMs: number; readonly toMs: number };

export type LaneProfile = {
  readonly laneId: string;
  /** belt: unmanned, sorter at the end. bench: one person, one parcel at a time in the hand. */
  readonly kind: "belt" | "bench";
  readonly steps: readonly LaneStep[];
  /** Device ids by role. */
  readonly devices: Readonly<
    Partial<Record<"scanner" | "scale" | "dimensioner" | "printer" | "sorter", string>>
  >;
  /** Belt only: how long after induction a verdict must be there whatever is missing. */
  readonly decideWithinMs: number;
  /** Belt only: how long a label may take before the parcel goes to the reject lane without it. */
  readonly labelWithinMs: number;
  /** Until how long after induction the PLC may still take the assignment; it keeps this deadline itself. */
  readonly divertWithinMs: number;
  /** How long the sorter may take to say where the parcel went. */
  readonly confirmWithinMs: number;
  /** Bench: how long to wait before asking a silent scale again. */
  readonly weighAgainMs: number;
  readonly maxInFlight: number;
  readonly windows: Readonly<Record<"scan" | "weight" | "size", Window>>;
};

export type ParcelPhase = "gathering" | "awaiting-printer" | "labelling" | "label-unknown" | "diverting";

export type ParcelInFlight = {
  readonly parcelId: string;
  readonly parcelIndex: number | null;
  readonly phase: ParcelPhase;
  readonly inductedAtMs: number;
  /** When the present phase gives up; null where it waits for a person. */
  readonly deadlineAtMs: number | null;
  readonly changedAtMs: number;
  readonly barcodes: readonly string[];
  readonly weightGrams: number | null;
  readonly size: Size | null;
  readonly doubts: readonly Reason[];
  /** The scanner said that there is no readable barcode: nothing more to wait for. */
  readonly noRead: boolean;
  readonly decision: Decision | null;
  /** Of the order the parcel was found to be; ids and routing only, no person's data. */
  readonly order: OrderKey | null;
  /** Reasons added after the judgement: label or sorter trouble. */
  readonly laterReasons: readonly Reason[];
  /** Chute last asked for. */
  readonly chute: number | null;
  /** Set while a bench parcel waits for a scale that did not answer. */
  readonly weightFailed: boolean;
};

export type OrderKey = {
  readonly orderId: string;
  readonly channelCode: string | null;
  readonly country: string | null;
};

/** What was decided, without the order's text: enough to act, to show and to rebuild from facts. */
export type Decision = {
  readonly verdict: Outcome;
  readonly reasons: readonly Reason[];
  readonly chute: number | null;
};

export type EndedParcel = {
  readonly parcelId: string;
  readonly parcelIndex: number | null;
  readonly barcodes: readonly string[];
  readonly weightGrams: number | null;
  readonly size: Size | null;
  readonly decision: Decision | null;
  readonly order: OrderKey | null;
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
  readonly chute: number | null;
  /** What the sorter was asked for it; null: nothing. */
  readonly commandId: string | null;
  /** Where it went the sorter has said: it tells its events again until they are durable, and this one is known. */
  readonly isConfirmed: boolean;
  readonly endedAtMs: number;
};

export type LaneState = {
  readonly profile: LaneProfile;
  readonly status: "running" | "stopped" | "faulted";
  readonly stopReason: string | null;
  /** Oldest first; bounded by profile.maxInFlight. */
  readonly parcels: readonly ParcelInFlight[];
  /** Newest first, bounded: the screen shows them, and a late reading for one of them is known as late. */
  readonly recent: readonly EndedParcel[];
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly fullChutes: readonly number[];
};

export const recentLimit = 64;

export const createLane = (profile: LaneProfile): LaneState => ({
  profile,
  status: "running",
  stopReason: null,
  parcels: [],
  recent: [],
  counts: { accepted: 0, intercepted: 0, rejected: 0, "no-read": 0 },
  fullChutes: [],
});
