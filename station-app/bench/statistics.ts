/** One line of a benchmark: what dominates is said in the README beside it. */
export type BenchLine = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the value is held against, measured in the same run. */
  readonly limit: number | null;
  readonly ratio: number | null;
  readonly runs: number;
};

export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

const round = (value: number): number => Math.round(value * 1000) / 1000;

export function printLine(name: string, value: number, unit: string, limit: number | null, runs: number): void {
  const line: BenchLine = { name, value: round(value), unit, limit: limit === null ? null : round(limit), ratio: limit === null ? null : round(value / limit), runs };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
