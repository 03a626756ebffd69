import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

/**
 * Milliseconds since 1970 with fractions, for everything that waits or compares: read from the wall clock once per
 * process, by its first thread, and from then on counted by the one clock that all threads share and nobody sets.
 * Nothing is kept by thread: two clocks that are read one after the other to be told apart are apart by whatever came
 * between, on a busy machine by milliseconds, and a verdict would be older than its readings.
 */
const key = "waystation.epoch-base";
const sharedMs = (): number => Number(process.hrtime.bigint()) / 1e6;

function findBaseMs(): number {
  const known = getEnvironmentData(key);
  if (typeof known === "number") return known;
  const baseMs = performance.timeOrigin + performance.now() - sharedMs();
  if (isMainThread) setEnvironmentData(key, baseMs);
  return baseMs;
}

const baseMs = findBaseMs();

export const epochMs = (): number => baseMs + sharedMs();
