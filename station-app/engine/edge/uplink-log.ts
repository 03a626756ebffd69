import type { Failure } from "@waystation/shared/failures/result";
import type { Backoff } from "./backoff.ts";

export type LogPosition = {
  readonly logId: string;
  readonly recorded: number;
  readonly acknowledged: number;
};

/** One log on its way up. `stopped`: only this one cannot go on; `ended`: it has nothing more to give. */
export type Log = {
  readonly logId: string;
  recorded: number;
  acknowledged: number;
  stopped: Failure | null;
  stoppedTimer: NodeJS.Timeout | undefined;
  /** How long it is left alone after each refusal. */
  readonly refusals: Backoff;
  ended: boolean;
  /** Where a batch began that was refused for what is in it: once may be damage on its way, twice is not. */
  doubted: number | null;
};

export const openLog = (position: LogPosition, refusals: Backoff): Log => ({
  ...position,
  stopped: null,
  stoppedTimer: undefined,
  refusals,
  ended: false,
  doubted: null,
});

/** What became of a batch: `go-on` reads again from where the log now stands. */
export type Outcome = "go-on" | { readonly failure: Failure; readonly atLeastMs?: number };
export const goOn = "go-on";
