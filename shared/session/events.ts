import type { CandidateOrder } from "../decision/judge.ts";
import type { Reason } from "../decision/reasons.ts";
import type { FactDraft } from "../facts/draft.ts";
import type { Outcome } from "../facts/catalog.ts";
import type { Failure } from "../failures/result.ts";
import type { Channel } from "../model/channel.ts";
import type { ScanReading, SizeReading, WeightReading } from "../model/reading.ts";
import type { SortPlan } from "../model/sort-plan.ts";
import type { LaneState } from "./state.ts";
import type { Size } from "../decision/audit.ts";

/** How a print job ended; the same three words as the printer driver's. */
export type LabelOutcome =
  | { readonly outcome: "printed"; readonly odometer: number | null }
  | { readonly outcome: "failed" | "unknown"; readonly failure: Failure };

/** What the PLC says about a parcel when asked. */
export type DivertState =
  | { readonly state: "unknown-parcel" | "unassigned" | "lost" }
  | { readonly state: "assigned" | "confirmed"; readonly chute: number };

/** A parcel that was under way when the engine died, read back from its facts. */
export type RecoveredParcel = {
  readonly parcelId: string;
  readonly parcelIndex: number | null;
  readonly barcode: string | null;
  readonly weightGrams: number | null;
  readonly size: Size | null;
  readonly orderId: string | null;
  readonly verdict: Outcome | null;
  readonly reasons: readonly Reason[];
  readonly chute: number | null;
  readonly label: "none" | "requested" | "printed" | "failed" | "unknown";
  readonly labelJob: string | null;
  readonly odometerBefore: number | null;
  readonly divert: "none" | "requested" | "failed";
};

export type SessionEvent =
  /** The sorter or a light barrier saw a parcel come onto the belt. */
  | {
      readonly kind: "inducted";
      readonly parcelIndex: number;
      readonly deviceId: string;
      /** Heard only after a connection was lost and made again: when it really happened nobody knows. */
      readonly isLate?: boolean;
    }
  | {
      readonly kind: "reading";
      readonly deviceId: string;
      readonly reading: ScanReading | WeightReading | SizeReading;
    }
  | {
      readonly kind: "manual-barcode";
      readonly parcelId: string | null;
      readonly data: string;
      readonly operatorId: string;
    }
  | {
      readonly kind: "weight-answered";
      readonly parcelId: string;
      readonly deviceId: string;
      readonly weightGrams: number | null;
      readonly failure: Failure | null;
    }
  | { readonly kind: "printer-granted"; readonly parcelId: string; readonly odometer: number | null }
  | { readonly kind: "label-outcome"; readonly jobId: string; readonly result: LabelOutcome }
  | {
      readonly kind: "label-answered";
      readonly parcelId: string;
      readonly printed: boolean;
      readonly operatorId: string;
    }
  | { readonly kind: "divert-failed"; readonly commandId: string; readonly failure: Failure }
  | { readonly kind: "diverted"; readonly parcelIndex: number; readonly chute: number }
  | { readonly kind: "lost"; readonly parcelIndex: number }
  | { readonly kind: "divert-state"; readonly parcelId: string; readonly state: DivertState }
  | { readonly kind: "chute-full"; readonly chute: number; readonly full: boolean }
  | { readonly kind: "cleared"; readonly parcelId: string; readonly operatorId: string }
  /** Without an operator: the engine itself, for a reason it can also see end. */
  | { readonly kind: "stopped"; readonly reason: string; readonly operatorId: string | null }
  | { readonly kind: "resumed"; readonly operatorId: string | null }
  | { readonly kind: "recovered"; readonly parcel: RecoveredParcel }
  | { readonly kind: "ticked" };

/** What must happen outside; performed only after the facts of the same step are durable. */
export type Effect =
  | {
      readonly kind: "request-weight";
      readonly laneId: string;
      readonly scaleId: string;
      readonly parcelId: string;
    }
  /** Answered by the core itself with printer-granted: a printer has one job out at a time. */
  | {
      readonly kind: "reserve-printer";
      readonly laneId: string;
      readonly printerId: string;
      readonly parcelId: string;
    }
  | {
      readonly kind: "print";
      readonly laneId: string;
      readonly printerId: string;
      readonly jobId: string;
      readonly orderId: string;
      readonly weightGrams: number | null;
      readonly chute: number | null;
    }
  | {
      readonly kind: "resolve-print";
      readonly laneId: string;
      readonly printerId: string;
      readonly jobId: string;
      readonly odometerBefore: number | null;
    }
  | {
      readonly kind: "divert";
      readonly laneId: string;
      readonly sorterId: string;
      readonly commandId: string;
      readonly parcelIndex: number;
      readonly chute: number;
      readonly deadlineMs: number;
    }
  | {
      readonly kind: "query-divert";
      readonly laneId: string;
      readonly sorterId: string;
      readonly parcelId: string;
      readonly parcelIndex: number;
    };

/** Everything a step may look at besides its state: a snapshot, so that the step stays a pure function. */
export type SessionContext = {
  readonly atMs: number;
  readonly mintParcelId: () => string;
  /** Visible orders that any of these barcodes leads to, without repetition. */
  readonly findOrders: (barcodes: readonly string[], exceptParcelId: string) => readonly CandidateOrder[];
  readonly findChannel: (code: string) => Channel | undefined;
  readonly sortPlan: SortPlan;
};

export type StepResult = {
  readonly state: LaneState;
  readonly facts: readonly FactDraft[];
  readonly effects: readonly Effect[];
};

/** jobId and commandId carry their parcel: an outcome that comes late still finds whom it is about. */
export const labelJobId = (parcelId: string): string => `${parcelId}/label`;
export const divertCommandId = (parcelId: string): string => `${parcelId}/divert`;
export const parcelIdOf = (jobOrCommandId: string): string =>
  jobOrCommandId.slice(0, jobOrCommandId.lastIndexOf("/"));
