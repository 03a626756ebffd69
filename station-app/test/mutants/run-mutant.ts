import { execFile } from "node:child_process";
import { join } from "node:path";
import type { PowerCutSurvey } from "../durability/power-cut.ts";
import { type Build, buildMutant } from "./build-mutant.ts";
import type { Mutant } from "./mutant.ts";
import type { PowerCuts } from "./replay-power-cuts.ts";

export type Finding = { readonly rule: string; readonly what: string };
export type Run = { readonly findings: readonly Finding[]; readonly seconds: number };
export type Caught = { readonly seed: number; readonly seconds: number; readonly rules: readonly string[] };

const timeoutMs = 600_000;
/** A broken build finds the same thing many times over. */
const outputBytes = 256 << 20;

/** Tries the seeds until one shows the mistake; null: none does. */
export async function catchMutant(mutant: Mutant): Promise<Caught | null> {
  const build = buildMutant(mutant.name, [...(mutant.caught.arranged ?? []), ...mutant.patches]);
  try {
    for (const seed of mutant.caught.seeds) {
      const { findings, seconds } = await runBuild(build, mutant, seed);
      if (isShown(mutant, findings)) return { seed, seconds, rules: countRules(findings) };
    }
    return null;
  } finally {
    build.remove();
  }
}

/** The same run of the product as it is; what it finds is nothing, or the mutant was caught by chance. */
export async function runUnbroken(mutant: Mutant, seed: number): Promise<Run> {
  const build = buildMutant(`${mutant.name}, unbroken`, mutant.caught.arranged ?? []);
  try {
    return await runBuild(build, mutant, seed);
  } finally {
    build.remove();
  }
}

async function runBuild({ root }: Build, { caught }: Mutant, seed: number): Promise<Run> {
  const beganMs = performance.now();
  const findings =
    caught.by === "simulator"
      ? await simulate(root, [...caught.args, "--seed", String(seed)])
      : await replay(root, { ...caught.cuts, seed });
  return { findings, seconds: Math.round((performance.now() - beganMs) / 1000) };
}

async function simulate(root: string, args: readonly string[]): Promise<readonly Finding[]> {
  const script = join(root, "station-app/test/simulation/sim.ts");
  const line = await runScript(script, [...args, "--json", "--no-shrink"]);
  return (JSON.parse(line) as { readonly findings: readonly Finding[] }).findings;
}

/** A survey in the words of the simulator. */
async function replay(root: string, cuts: PowerCuts): Promise<readonly Finding[]> {
  const line = await runScript(join(root, "station-app/test/mutants/replay-power-cuts.ts"), [
    JSON.stringify(cuts),
  ]);
  const { images, imagesWithLoss, worstLoss, broken } = JSON.parse(line) as PowerCutSurvey;
  const loss = `${imagesWithLoss} of ${images} images lack acknowledged facts, up to ${worstLoss}`;
  return [
    ...(imagesWithLoss > 0 ? [{ rule: "loss", what: loss }] : []),
    ...broken.map((what) => ({ rule: "broken", what })),
  ];
}

/** @returns the last line it wrote. Throws an Error with its complaints when that is not JSON. */
function runScript(script: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // It ends with 1 when it found something.
    execFile(
      process.execPath,
      [script, ...args],
      { maxBuffer: outputBytes, timeout: timeoutMs },
      (error, stdout, stderr) => {
        const line = stdout.trim().split("\n").at(-1) ?? "";
        if (line.startsWith("{")) resolve(line);
        else
          reject(new Error(`${script} broke: ${error?.message.slice(0, 200) ?? ""} ${stderr.slice(-2000)}`));
      },
    );
  });
}

/** What makes two runs of the unbroken product the same. */
export const describeRun = ({ caught }: Mutant, seed: number): string =>
  JSON.stringify([caught.by, caught.by === "simulator" ? caught.args : caught.cuts, caught.arranged, seed]);

/** Both what must be found was found, and it was said in those words. */
function isShown({ caught: { rule, says } }: Mutant, findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.rule === rule && finding.what.includes(says ?? ""));
}

/** `rule x times`, the most frequent one first. */
function countRules(findings: readonly Finding[]): string[] {
  const counts = new Map<string, number>();
  for (const { rule } of findings) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).map(([rule, count]) => `${rule} x ${count}`);
}
