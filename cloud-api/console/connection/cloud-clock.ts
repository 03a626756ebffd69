/** When the cloud last said anything, and what time it is there: this machine's own clock may be wrong. */
export type CloudClock = {
  /** A reply came. `date` is its header of that name, where it has one. */
  readonly noteContact: (date?: string | null) => void;
  /** The cloud's time in ms, carried on since the last contact by a clock that nobody sets. */
  readonly nowMs: () => number;
  /** The cloud's time at the last contact; null before the first one. */
  readonly contactMs: () => number | null;
};

type Times = { readonly monotonicMs: () => number; readonly wallMs: () => number };
const browserTimes: Times = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

export function createCloudClock({ monotonicMs, wallMs }: Times = browserTimes): CloudClock {
  let aheadMs = wallMs() - monotonicMs();
  let contactMs: number | null = null;
  const nowMs = (): number => monotonicMs() + aheadMs;
  return {
    noteContact: (date = null) => {
      const saidMs = date === null ? Number.NaN : Date.parse(date);
      // The header has whole seconds: less than that is no difference.
      if (!Number.isNaN(saidMs) && Math.abs(saidMs - nowMs()) > 1500) aheadMs = saidMs - monotonicMs();
      contactMs = nowMs();
    },
    nowMs,
    contactMs: () => contactMs,
  };
}
