/** One line of a benchmark: what dominates is said in the README beside it. */
export type BenchLine = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the value is held against: measured in the same run, or the goal itself where that is a fixed number. */
  readonly limit: number | null;
  readonly ratio: number | null;
  readonly runs: number;
};

/** One run of ours and of what it is held against, in the same minutes. */
export type Pair = { readonly value: number; readonly limit: number };

export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** Of several interleaved runs the one with the median ratio; a ratio above `goalRatio` is marked on stderr. */
export function printPairs(name: string, unit: string, pairs: readonly Pair[], goalRatio: number): void {
  const sorted = [...pairs].sort((a, b) => a.value / a.limit - b.value / b.limit);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error(`${name}: nothing was measured`);
  printLine({ name, value: middle.value, unit, limit: middle.limit, runs: pairs.length }, goalRatio);
}

/** Like printPairs for values of which more is better: a ratio below `leastRatio` is marked on stderr. */
export function printRates(name: string, unit: string, pairs: readonly Pair[], leastRatio: number): void {
  const sorted = [...pairs].sort((a, b) => a.value / a.limit - b.value / b.limit);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error(`${name}: nothing was measured`);
  const ratio = printLine(
    { name, value: middle.value, unit, limit: middle.limit, runs: pairs.length },
    Number.POSITIVE_INFINITY,
  );
  if (ratio !== null && ratio < leastRatio)
    process.stderr.write(`missed: ${name} is ${ratio} times its limit, the goal is at least ${leastRatio}\n`);
}

/** A value whose goal is a number and not a ratio: the median of the runs against it. */
export function printAgainstGoal(name: string, unit: string, values: readonly number[], goal: number): void {
  printLine({ name, value: median(values), unit, limit: goal, runs: values.length }, 1);
}

/** A value that only explains another one. */
export function printValue(name: string, unit: string, values: readonly number[]): void {
  printLine(
    { name, value: median(values), unit, limit: null, runs: values.length },
    Number.POSITIVE_INFINITY,
  );
}

function printLine(
  { name, value, unit, limit, runs }: Omit<BenchLine, "ratio">,
  goalRatio: number,
): number | null {
  const ratio = limit === null ? null : round(value / limit);
  const line: BenchLine = {
    name,
    value: round(value),
    unit,
    limit: limit === null ? null : round(limit),
    ratio,
    runs,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (ratio !== null && ratio > goalRatio)
    process.stderr.write(`missed: ${name} is ${ratio} times its limit, the goal is ${goalRatio}\n`);
  return ratio;
}
