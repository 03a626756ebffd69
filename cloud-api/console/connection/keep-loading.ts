import type { Result } from "@waystation/shared/failures/result";
import type { Live } from "./live.ts";

type Options<T> = {
  /** Null: load once, and go on only until it has worked. */
  readonly live: Pick<Live, "onChange"> | null;
  readonly onLoaded: (result: Result<T>) => void;
};

/** For what no change announces. */
const everyMs = 30_000;
/** The longest is for a machine that slept in the middle of a load. */
const pauses = { leastMs: 400, longestMs: 15_000, perLoad: 3 };

/**
 * Loads now, at every change and every half minute, one load at a time: changes that come meanwhile are one more load
 * after it. A load that takes long is followed by a long pause, so that a large site is not asked without end.
 */
export function keepLoading<T>(
  load: (signal: AbortSignal) => Promise<Result<T>>,
  { live, onLoaded }: Options<T>,
): { readonly stop: () => void } {
  const abort = new AbortController();
  let busy = false;
  let wanted = false;
  let isDone = false;

  const run = async (): Promise<void> => {
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted && !abort.signal.aborted) {
      wanted = false;
      const startedMs = performance.now();
      const result = await load(abort.signal);
      if (abort.signal.aborted) return;
      isDone ||= result.ok;
      onLoaded(result);
      const tookMs = performance.now() - startedMs;
      const pauseMs = Math.min(pauses.longestMs, Math.max(pauses.leastMs, tookMs * pauses.perLoad));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    busy = false;
  };
  const runWhenSeen = (): void => {
    if (document.visibilityState === "visible" && (live !== null || !isDone)) void run();
  };
  void run();
  const unsubscribe = live?.onChange(runWhenSeen);
  const timer = setInterval(runWhenSeen, everyMs);
  document.addEventListener("visibilitychange", runWhenSeen, { signal: abort.signal });
  return {
    stop: () => {
      abort.abort();
      clearInterval(timer);
      unsubscribe?.();
    },
  };
}
