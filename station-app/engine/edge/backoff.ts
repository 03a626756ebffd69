/**
 * Waits that double, each somewhere in its upper half, so that a hundred stations that lost one cloud do not come
 * back in step. `atLeastMs` is what the cloud asked for; up to a fifth is added to it for the same reason.
 */
export function createBackoff(
  limits: { readonly firstMs: number; readonly longestMs: number },
  random: () => number = Math.random,
) {
  let waitMs = limits.firstMs;
  return {
    next(atLeastMs = 0): number {
      const own = waitMs * (0.5 + random() / 2);
      waitMs = Math.min(waitMs * 2, limits.longestMs);
      return Math.max(own, atLeastMs * (1 + random() / 5));
    },
    reset(): void {
      waitMs = limits.firstMs;
    },
  };
}
export type Backoff = ReturnType<typeof createBackoff>;
