/** Time as the drivers see it. Passed in everywhere, so that a test or the simulator owns it. */
export type Clock = {
  /** Monotonic milliseconds; says nothing about the wall clock. */
  readonly nowMs: () => number;
  /** Runs once after the delay; the returned function cancels and may be called at any time. */
  readonly after: (delayMs: number, run: () => void) => Cancel;
};

export type Cancel = () => void;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after the delay; for conversations that have to wait between two questions. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
