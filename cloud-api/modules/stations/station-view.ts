import type { StationReport } from "@waystation/shared/wire/cloud-http";

/** What the page of stations shows of one. Times are ISO 8601 UTC. */
export type StationRow = {
  readonly stationId: string;
  readonly name: string;
  readonly hubId: string;
  readonly state: "waiting" | "enrolled" | "revoked";
  readonly enrolledAt: string | null;
  readonly revokedAt: string | null;
  /** Its last report or the last facts taken from it, whichever is later. */
  readonly lastSeenAt: string | null;
  readonly factsReceived: number;
  readonly factsNotDurable: number;
  /** Recorded there and not received here, by its last report; null before the first one. */
  readonly backlog: number | null;
  /** Its last word on itself; null before the first one. */
  readonly report:
    | (Pick<
        StationReport,
        "appVersion" | "wireVersion" | "bootId" | "ordersVisible" | "disk" | "lanes" | "devices"
      > & {
        readonly reportedAt: string;
        /** Its clock less ours, the way of the report included. */
        readonly clockOffsetMs: number;
      })
    | null;
};

export type HubRow = { readonly hubId: string; readonly name: string; readonly stations: number };
