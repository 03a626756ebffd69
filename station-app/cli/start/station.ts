import type { Result } from "@waystation/shared/failures/result";
import type { StationStatus } from "../ask-station.ts";
import type { CloudClient } from "./call-cloud.ts";
import type { Tokens } from "./plan.ts";
import type { Progress } from "./progress.ts";
import type { RunOptions } from "./start-options.ts";

/** What the feeder needs: it plays parcels into the twins and reads the result off the cloud and the engine. */
export type Station = {
  readonly options: RunOptions;
  readonly tokens: Tokens;
  readonly cloud: CloudClient;
  readonly stationUrl: string;
  /** Folder of facts.db and orders.db. */
  readonly stationData: string;
  /** How many orders the station must see before the first parcel. */
  readonly ordersImported: number;
  readonly sendToTwin: (deviceId: string, command: object) => boolean;
  readonly readStatus: () => Promise<Result<StationStatus>>;
  readonly progress: Progress;
};

export type Feeder = {
  /** Resolves when its parcels are through, with what --exit prints; a failure makes the start fail. */
  readonly finished: Promise<Result<RunSummary>>;
  readonly stop: () => Promise<void>;
};

/** What a run did, as both databases tell it. */
export type RunSummary = {
  readonly parcels: number;
  readonly accepted: number;
  readonly intercepted: number;
  readonly rejected: number;
  readonly noRead: number;
  readonly labelsPrinted: number;
  readonly divertsConfirmed: number;
  readonly factsRecorded: number;
  readonly factsAcknowledged: number;
  /** From a parcel's last reading to its durable verdict. */
  readonly decisionMs: { readonly p50: number; readonly p99: number };
  readonly seconds: number;
};
