import { fail, type Result, succeed } from "@waystation/shared/failures/result";

export type RateLimits = {
  /** Attempts of one key within the window. */
  readonly perKey: number;
  /** Attempts of everybody together within the window; absent: no such limit. */
  readonly inAll?: number;
  readonly windowMs: number;
  /** Swapped by tests. */
  readonly nowMs?: () => number;
};

export type RateLimit = {
  /** Counts one attempt. Fails with request.too-many and the seconds to wait. */
  readonly take: (key: string) => Result<null>;
  /** Takes the attempt back: those who succeed are not the ones to slow down. */
  readonly giveBack: (key: string) => void;
};

type Window = { readonly endsMs: number; readonly limit: number; count: number };

/** Beyond this the oldest window is forgotten: a flood of invented keys meets the limit for all instead. */
const maxKeys = 20_000;

/**
 * Attempts in fixed windows, in the memory of this process. An attempt is counted before it is made, so that many at
 * once cannot slip through together.
 */
export function createRateLimit({ perKey, inAll, windowMs, nowMs = Date.now }: RateLimits): RateLimit {
  const windows = new Map<string, Window>();
  const open = (limit: number): Window => ({ endsMs: nowMs() + windowMs, limit, count: 0 });
  let everybody = open(inAll ?? Number.POSITIVE_INFINITY);

  const find = (key: string): readonly Window[] => {
    if (everybody.endsMs <= nowMs()) everybody = open(everybody.limit);
    let own = windows.get(key);
    if (own === undefined || own.endsMs <= nowMs()) {
      own = open(perKey);
      windows.delete(key);
      windows.set(key, own);
      forgetOldest(windows);
    }
    return [everybody, own];
  };
  return {
    take: (key) => {
      const found = find(key);
      const full = found.find(({ count, limit }) => count >= limit);
      if (full !== undefined)
        return fail("request.too-many", { seconds: Math.max(1, Math.ceil((full.endsMs - nowMs()) / 1000)) });
      for (const window of found) window.count += 1;
      return succeed(null);
    },
    giveBack: (key) => {
      for (const window of find(key)) window.count = Math.max(0, window.count - 1);
    },
  };
}

function forgetOldest(windows: Map<string, Window>): void {
  const [oldest] = windows.keys();
  if (windows.size > maxKeys && oldest !== undefined) windows.delete(oldest);
}
