import type { Cancel, Clock } from "./clock.ts";

/** Runs again and again between begin and end; without an interval never. */
export function createRepeater(clock: Clock, everyMs: number | undefined, run: () => void) {
  let cancel: Cancel = () => undefined;
  const wait = (intervalMs: number) => {
    cancel = clock.after(intervalMs, () => {
      wait(intervalMs);
      run();
    });
  };
  return {
    begin: () => {
      cancel();
      if (everyMs !== undefined) wait(everyMs);
    },
    end: () => cancel(),
  };
}
