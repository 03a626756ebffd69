/** What the console's routes answer. Times are ISO 8601 UTC. A `next` of null means the last page. */

import type { Permission, Role } from "@waystation/shared/model/access";

export type { AuditAction, AuditView } from "../access/audit.ts";
export type { PreparedStation } from "../stations/prepare-station.ts";
export type { HubRow, StationRow } from "../stations/station-view.ts";

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };

export type OrderView = {
  readonly orderId: string;
  readonly revision: number;
  readonly waybill: string;
  readonly trackingNumber: string | null;
  readonly reference: string | null;
  readonly channelCode: string;
  readonly status: string;
  readonly weightGrams: number;
  readonly country: string;
  readonly consigneeName: string;
  readonly labelKind: string;
};

export type ParcelView = {
  readonly stationId: string;
  readonly parcelId: string;
  readonly lane: string | null;
  readonly barcode: string | null;
  readonly weightGrams: number | null;
  readonly orderId: string | null;
  readonly channelCode: string | null;
  readonly verdict: string | null;
  readonly outcome: string | null;
  readonly reasons: unknown;
  readonly chute: number | null;
  readonly labelState: string | null;
  readonly divertState: string | null;
  readonly factCount: number;
  readonly lastOccurredAt: string;
};

export type FactView = {
  readonly stationId: string;
  readonly logId: string;
  readonly sequence: number;
  readonly type: string;
  readonly version: number;
  readonly lane: string | null;
  readonly parcelId: string | null;
  readonly occurredAt: string;
  readonly receivedAt: string;
  readonly payload: unknown;
};

export type StationView = {
  readonly stationId: string;
  readonly name: string;
  readonly logs: number;
  readonly factsReceived: number;
  /** Received and not yet on synced storage: the station keeps these. */
  readonly factsNotDurable: number;
  readonly lastReceivedAt: string | null;
};

export type Overview = {
  readonly orders: number;
  readonly parcels: Readonly<Record<string, number>>;
  readonly facts: number;
  readonly alarms: number;
  readonly stations: readonly StationView[];
};

/** Everything one station ever sent, counted; `outcomes` has `open` for parcels under way. */
export type StationCounts = {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly factTypes: Readonly<Record<string, number>>;
  readonly received: number;
};

/** What the page of one station shows beyond its row in the list. */
export type StationDetail = {
  readonly logs: readonly {
    readonly logId: string;
    readonly receivedThrough: number;
    readonly durableThrough: number;
    readonly updatedAt: string;
  }[];
  /** `forked`: the station offered another fact under a number that is taken. */
  readonly alarms: readonly {
    readonly alarmId: number;
    readonly logId: string;
    readonly sequence: number;
    readonly kind: string;
    readonly raisedAt: string;
  }[];
};

/** Who is signed in, and what may be shown to them. */
export type SessionInfo = {
  readonly personId: string;
  readonly name: string;
  readonly tenantId: string;
  /** False: the grants below do not count yet. */
  readonly secondFactor: boolean;
  readonly roles: readonly { readonly role: Role; readonly hubId: string | null }[];
  readonly permissions: readonly Permission[];
};

/** After e-mail and password. */
export type SignInStep = { readonly next: "second-factor" | "set-up-second-factor" };
export type SecondFactorSetUp = { readonly totpUri: string; readonly backupCodes: readonly string[] };
