import type { Failure } from "@waystation/shared/failures/result";

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
  ended: boolean;
  /** Where a batch began that was refused for what is in it: once may be damage on its way, twice is not. */
  doubted: number | null;
};

/** What became of a batch: `go-on` reads again from where the log now stands. */
export type Outcome = "go-on" | { readonly failure: Failure; readonly atLeastMs?: number };
export const goOn = "go-on";
