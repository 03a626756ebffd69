import type { Database } from "../db/connect.ts";
import type { CloudConfig } from "../config/cloud-config.ts";

/** What every route may use; wired by hand in start-cloud.ts. */
export type CloudDeps = {
  readonly database: Database;
  readonly config: CloudConfig;
  /** Aborted when the cloud stops: held requests answer at once. */
  readonly stopping: AbortSignal;
  /** Asks for a backup soon, where the database needs one. */
  readonly requestBackup: () => void;
  readonly logLine: (entry: Readonly<Record<string, string | number>>) => void;
};

/** Variables of a request after authorisation. */
export type CloudEnv = { Variables: { stationId: string } };
