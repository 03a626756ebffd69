import { spawnSync } from "node:child_process";
import { describeFault } from "./run.ts";
import { planFaults } from "./faults.ts";
import { createRandom } from "./random.ts";
import type { SimArguments } from "./arguments.ts";
import type { RunResult } from "./run.ts";

type Options = Omit<SimArguments, "shrink" | "json" | "keep">;
const mostRuns = 60;

/**
 * Leaves out faults, half of them at a time and then fewer, as long as the first finding stays. Each try is a process of
 * its own: nothing of an earlier one can help.
 */
export function* shrinkSchedule(
  options: Options,
  failed: RunResult,
  say: (line: string) => void,
): Generator<string> {
  const rule = failed.findings[0]?.rule ?? "";
  let kept = [...failed.firedFaults];
  let runs = 0;
  yield `looking for the shortest schedule in which "${rule}" is still found, from ${kept.length} faults`;
  for (
    let size = Math.ceil(kept.length / 2);
    size >= 1 && runs < mostRuns;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < kept.length && runs < mostRuns; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      runs += 1;
      if (stillFails(options, fewer, rule)) {
        kept = fewer;
        say(`  ${kept.length} faults`);
      } else at += size;
    }
  }
  const plan = planFaults(createRandom(options.seed ^ 0x1b873593), {
    count: Math.round(
      (options.faultsPerHundred * Math.ceil(options.rate * options.hours) * options.stations) / 100,
    ),
    stations: options.stations,
    lastsMs: options.hours * 3_600_000,
  });
  yield `${kept.length} faults are enough:`;
  for (const fault of plan) if (kept.includes(fault.id)) yield `  ${describeFault(fault)}`;
  yield `npm run sim -- ${toArguments(options, kept).join(" ")}`;
}

function stillFails(options: Options, only: readonly number[], rule: string): boolean {
  const script = new URL("./sim.ts", import.meta.url).pathname;
  const child = spawnSync(
    process.execPath,
    [script, ...toArguments(options, only), "--json", "--no-shrink"],
    {
      encoding: "utf8",
      maxBuffer: 64 << 20,
    },
  );
  try {
    const result = JSON.parse(child.stdout.trim().split("\n").at(-1) ?? "") as RunResult;
    return result.findings.some((finding) => finding.rule === rule);
  } catch {
    return true;
  }
}

const toArguments = (options: Options, only: readonly number[]): string[] => [
  ...["--seed", String(options.seed), "--stations", String(options.stations)],
  ...["--hours", String(options.hours), "--rate", String(options.rate)],
  ...[
    "--faults",
    String(options.faultsPerHundred),
    "--only",
    only.length === 0 ? "999999999" : only.join(","),
  ],
];
