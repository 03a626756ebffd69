import { cells } from "./faults.ts";
import type { RunResult } from "./run.ts";

type Told = {
  readonly seed: number;
  readonly stations: number;
  readonly hours: number;
  readonly rate: number;
};

/** A run in words, for a terminal. */
export function describeResult(result: RunResult, { seed, stations, hours, rate }: Told): string[] {
  const { findings, faults } = result;
  const ends = Object.entries(result.ends).map(([end, count]) => `${count} ${end}`);
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return [
    `seed ${seed}: ${stations} stations, ${hours} hours, ${rate} parcels an hour`,
    `${result.parcels} parcels (${ends.join(", ")}), ${result.facts} facts, ${total} faults, ${result.deaths} deaths of engines`,
    `trace ${result.trace}`,
    ...(findings.length === 0 ? ["nothing found"] : [`${findings.length} findings:`]),
    ...findings
      .slice(0, 40)
      .map(
        ({ rule, stationId, what }) => `  ${rule}${stationId === undefined ? "" : ` ${stationId}`}: ${what}`,
      ),
  ];
}

/** Fault by step, each with how often it happened. Empty cells are zero. */
export function tabulate(counts: Readonly<Record<string, number>>): string[] {
  const kinds = [...new Set(cells.map(([kind]) => kind))];
  return kinds.map((kind) => {
    const at = cells
      .filter(([other]) => other === kind)
      .map(([, step]) => `${step} ${counts[`${kind}/${step}`] ?? 0}`);
    return `| ${kind} | ${at.join(", ")} |`;
  });
}

export const findEmptyCells = (counts: Readonly<Record<string, number>>): string[] =>
  cells.map(([kind, step]) => `${kind}/${step}`).filter((cell) => (counts[cell] ?? 0) === 0);
