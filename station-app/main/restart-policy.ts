export type RestartPolicy = {
  /** How long to wait before the next start; null when it stopped too often and only a person can help. */
  readonly nextPauseMs: () => number | null;
  readonly count: () => number;
};

/** At most `limit` restarts within `withinMs`, each pause twice the one before. `nowMs` is any clock that only rises. */
export function createRestartPolicy(
  nowMs: () => number,
  { limit = 5, withinMs = 120_000, firstPauseMs = 500, longestPauseMs = 10_000 } = {},
): RestartPolicy {
  let restarts: number[] = [];
  return {
    count: () => restarts.length,
    nextPauseMs: () => {
      restarts = restarts.filter((at) => nowMs() - at < withinMs);
      if (restarts.length >= limit) return null;
      restarts.push(nowMs());
      return Math.min(firstPauseMs * 2 ** (restarts.length - 1), longestPauseMs);
    },
  };
}
