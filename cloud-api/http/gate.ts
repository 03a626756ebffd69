import { fail, type Result } from "@waystation/shared/failures/result";

export type GateLimits = {
  readonly running: number;
  readonly waiting: number;
  /** Running and waiting of one asker together; absent: no such limit. */
  readonly perAsker?: number;
};

/**
 * At most `running` tasks at once and `waiting` in line; one more is refused with cloud.busy, and so is an asker who
 * holds its share already. Keeps the memory of large bodies bounded however many stations come back online at the
 * same time, and lets none of them crowd out the others.
 */
export function createGate(
  limits: GateLimits,
): <T>(asker: string, task: () => Promise<Result<T>>) => Promise<Result<T>> {
  let active = 0;
  const line: (() => void)[] = [];
  const held = new Map<string, number>();

  const hold = (asker: string, change: 1 | -1): void => {
    const count = (held.get(asker) ?? 0) + change;
    if (count > 0) held.set(asker, count);
    else held.delete(asker);
  };

  return async (asker, task) => {
    const share = limits.perAsker ?? Number.POSITIVE_INFINITY;
    if ((held.get(asker) ?? 0) >= share) return fail("cloud.busy", { limit: share });
    if (active >= limits.running && line.length >= limits.waiting)
      return fail("cloud.busy", { limit: limits.waiting });
    hold(asker, 1);
    // A place is handed on by whoever leaves, so that nobody slips in between.
    if (active >= limits.running) await new Promise<void>((resolve) => line.push(resolve));
    else active += 1;
    try {
      return await task();
    } finally {
      hold(asker, -1);
      const next = line.shift();
      if (next === undefined) active -= 1;
      else next();
    }
  };
}
