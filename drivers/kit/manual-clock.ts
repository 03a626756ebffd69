import type { Clock } from "./clock.ts";

/** A clock that stands still until it is told to move: for the simulator and for tests of waits. */
export function createManualClock(
  startMs = 0,
): Clock & { readonly advance: (byMs: number) => Promise<void> } {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  const findNext = (untilMs: number) =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];

  return {
    nowMs: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    /** Runs what falls due, in order, letting promises settle in between. */
    advance: async (byMs) => {
      const untilMs = nowMs + byMs;
      await settlePromises();
      for (let next = findNext(untilMs); next; next = findNext(untilMs)) {
        timers.delete(next);
        nowMs = next.atMs;
        next.run();
        await settlePromises();
      }
      nowMs = untilMs;
    },
  };
}

async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
