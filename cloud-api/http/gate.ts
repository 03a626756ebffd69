import { fail, type Result } from "@waystation/shared/failures/result";

/**
 * At most `running` tasks at once and `waiting` in line; one more is refused with cloud.busy. Keeps the memory
 * of large bodies bounded however many stations come back online at the same time.
 */
export function createGate(
  running: number,
  waiting: number,
): <T>(task: () => Promise<Result<T>>) => Promise<Result<T>> {
  let active = 0;
  const line: (() => void)[] = [];
  return async (task) => {
    if (active >= running) {
      if (line.length >= waiting) return fail("cloud.busy", { limit: waiting });
      await new Promise<void>((resolve) => line.push(resolve));
    }
    active += 1;
    try {
      return await task();
    } finally {
      active -= 1;
      line.shift()?.();
    }
  };
}
