import type { FactDraft } from "@waystation/shared/facts/draft";
import type { Failure } from "@waystation/shared/failures/result";
import type { Effect, SessionEvent } from "@waystation/shared/session/events";
import type { CloudPosition, FormerLog } from "./former-logs.ts";
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
  /** See edge/rehearsal.ts. The event is as long as the next one will be, and not looked at. */
  | { readonly kind: "rehearse"; readonly event: SessionEvent }
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
  /** Another file of orders took over. */
  | { readonly kind: "orders-file"; readonly path: string }
  | ({ readonly kind: "acknowledged" } & CloudPosition)
  /** The same of a log that was saved from a damaged file. */
  | ({
      readonly kind: "former-acknowledged";
      readonly logId: string;
    } & CloudPosition)
  /** The cloud has that log up to here and can take no more of it. */
  | { readonly kind: "former-settled"; readonly logId: string; readonly through: number }
  /** The disk, as the edge sees it: without room no new parcel is taken; hurry: what may be deleted, should be. */
  | { readonly kind: "room"; readonly hasRoom: boolean; readonly hurry: boolean }
  | { readonly kind: "status"; readonly requestId: number }
  | { readonly kind: "stop" };

export type DecisionTimes = { readonly p50: number; readonly p99: number; readonly count: number };

export type CoreStatus = {
  readonly logId: string;
  readonly bootId: string;
  readonly recorded: number;
  readonly acknowledged: { readonly receivedThrough: number; readonly durableThrough: number };
  readonly decisionMs: DecisionTimes;
  /** Logs saved from damaged files, oldest first. */
  readonly formerLogs: readonly FormerLog[];
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
  /** Effects of a rehearsal, to be performed by nobody; null: no parcel is before a gate. */
  | { readonly kind: "rehearsed"; readonly effects: readonly Effect[] | null }
  | { readonly kind: "lanes"; readonly lanes: readonly LaneView[]; readonly recorded: number }
  | { readonly kind: "reply"; readonly requestId: number; readonly failure: Failure | null }
  | { readonly kind: "status"; readonly requestId: number; readonly status: CoreStatus }
  | { readonly kind: "taken"; readonly deviceId: string; readonly sequence: number }
  | { readonly kind: "upkeep"; readonly records: readonly UpkeepRecord[] }
  /** This file of orders is read now, and no other. */
  | { readonly kind: "orders-file-open"; readonly path: string }
  | { readonly kind: "orders-damaged"; readonly path: string; readonly reason: string }
  | { readonly kind: "stopped" };
