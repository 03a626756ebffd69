import type { FactDraft } from "@waystation/shared/facts/draft";
import type { Failure } from "@waystation/shared/failures/result";
import type { Effect, SessionEvent } from "@waystation/shared/session/events";
import type { UpkeepRecord } from "@waystation/shared/session/upkeep";
import type { LaneView } from "@waystation/shared/session/view";

/** What the edge tells the core. Same process, so types are enough; everything from outside was checked before. */
export type CoreInput =
  | {
      readonly kind: "event";
      readonly laneId: string;
      readonly event: SessionEvent;
      readonly atMs: number;
      readonly requestId?: number;
    }
  /** All events a sorter told up to this number came before this message: `taken` says that they are durable. */
  | { readonly kind: "mark"; readonly deviceId: string; readonly sequence: number }
  | {
      readonly kind: "printer";
      readonly printerId: string;
      readonly ready: boolean;
      readonly odometer?: number | null;
    }
  | { readonly kind: "upkeep"; readonly fact: FactDraft; readonly requestId: number }
  /** The replica committed new channels or sort plans. */
  | { readonly kind: "reload" }
  | { readonly kind: "acknowledged"; readonly receivedThrough: number; readonly durableThrough: number }
  | { readonly kind: "status"; readonly requestId: number }
  | { readonly kind: "stop" };

export type DecisionTimes = { readonly p50: number; readonly p99: number; readonly count: number };

export type CoreStatus = {
  readonly logId: string;
  readonly bootId: string;
  readonly recorded: number;
  readonly acknowledged: { readonly receivedThrough: number; readonly durableThrough: number };
  readonly decisionMs: DecisionTimes;
  readonly outcomes: Readonly<Record<string, number>>;
};

/** What the core tells the edge: effects only after their facts are durable. */
export type CoreOutput =
  | {
      readonly kind: "started";
      readonly status: CoreStatus;
      readonly lanes: readonly LaneView[];
      readonly effects: readonly Effect[];
      readonly upkeep: readonly UpkeepRecord[];
    }
  | { readonly kind: "effects"; readonly effects: readonly Effect[] }
  | { readonly kind: "lanes"; readonly lanes: readonly LaneView[]; readonly recorded: number }
  | { readonly kind: "reply"; readonly requestId: number; readonly failure: Failure | null }
  | { readonly kind: "status"; readonly requestId: number; readonly status: CoreStatus }
  | { readonly kind: "taken"; readonly deviceId: string; readonly sequence: number }
  | { readonly kind: "upkeep"; readonly records: readonly UpkeepRecord[] }
  | { readonly kind: "stopped" };
