import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

/**
 * Milliseconds since 1970 with fractions, for everything that waits or compares: read from the wall clock once per
 * process and monotonic from there. Each thread has an origin of its own, taken when it starts; a clock that is set
 * between two of these would tear readings and verdicts apart, so all threads go by the first one's.
 */
const key = "waystation.epoch-base";
/** Of the clock that all threads share and nobody sets. */
const sharedMs = (): number => Number(process.hrtime.bigint()) / 1e6;

function findBaseMs(): number {
  const known = getEnvironmentData(key);
  if (typeof known === "number") return known;
  const baseMs = performance.timeOrigin + performance.now() - sharedMs();
  if (isMainThread) setEnvironmentData(key, baseMs);
  return baseMs;
}

const originMs = findBaseMs() + sharedMs() - performance.now();

export const epochMs = (): number => originMs + performance.now();
