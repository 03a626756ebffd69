import { expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { catchMutant, describeRun, type Run, runUnbroken } from "./run-mutant.ts";

const timeoutMs = 3_600_000;
/** Some mutants share a run of the unbroken product. */
const unbroken = new Map<string, Promise<Run>>();

test.each(mutants)(
  "$name is caught, and the product as it is passes the same run",
  async (mutant) => {
    const caught = await catchMutant(mutant);
    if (caught === null)
      throw new Error(`${mutant.name}: ${mutant.caught.seeds.length} seeds, and nobody noticed`);
    const { seed, seconds, rules } = caught;
    say(`mutant "${mutant.name}": ${rules.join(", ")}; ${mutant.caught.by}, seed ${seed}, ${seconds} s`);
    const key = describeRun(mutant, seed);
    const run = unbroken.get(key) ?? runUnbroken(mutant, seed);
    unbroken.set(key, run);
    expect((await run).findings).toEqual([]);
  },
  timeoutMs,
);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
