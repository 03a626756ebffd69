import type { CloudConfig } from "../config/cloud-config.ts";
import type { Database } from "../db/connect.ts";
import type { CheckUpload } from "../modules/ingest/check-upload.ts";
import type { Principal, Scope, StationPrincipal } from "../modules/access/principal.ts";
import type { LogEntry, LogFields } from "./logger.ts";
import type { CloudMetrics } from "./metrics.ts";

/** What every route may use; wired by hand in start-cloud.ts. */
export type CloudDeps = {
  readonly database: Database;
  readonly config: CloudConfig;
  /** Aborted when the cloud stops: held requests answer at once. */
  readonly stopping: AbortSignal;
  /** Asks for a backup soon, where the database needs one. */
  readonly requestBackup: () => void;
  /** Takes a backup now and says when it was whole; null where the database needs none. */
  readonly takeBackup: () => Promise<number | null>;
  /** When the last backup was whole, in epoch milliseconds; null: none yet, or none needed. */
  readonly lastBackupAtMs: () => number | null;
  readonly checkUpload: CheckUpload;
  readonly logLine: (entry: LogEntry) => void;
  readonly metrics: CloudMetrics;
};

/** Variables of a request after authorisation. */
export type CloudEnv = {
  Variables: {
    /** On a station's routes. */
    station: StationPrincipal;
    /** On people's and customers' routes: who asks, and which rows the route's permission reaches for them. */
    principal: Principal;
    scope: Scope;
    requestId: string;
    /** Code of the failure that was answered. */
    refusal: string | undefined;
    /** See `noteForLog`. */
    noted: LogFields | undefined;
  };
};
