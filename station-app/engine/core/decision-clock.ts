import type { DecisionTimes } from "./messages.ts";

const kept = 10_000;

/** Milliseconds from the last reading's arrival to the durable verdict; the newest ten thousand. */
export function createDecisionClock() {
  const samples = new Float64Array(kept);
  let count = 0;
  return {
    add(elapsedMs: number): void {
      samples[count % kept] = elapsedMs;
      count += 1;
    },
    read(): DecisionTimes {
      const sorted = samples.slice(0, Math.min(count, kept)).sort();
      const at = (share: number): number =>
        Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 1000) /
        1000;
      return { p50: at(0.5), p99: at(0.99), count };
    },
  };
}
