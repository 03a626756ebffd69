import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { findEmptyCells, tabulate } from "./describe.ts";
import { simulate, type Told } from "./run-simulation.test-support.ts";

const parcelsWanted = Number(process.env.SIMULATED_PARCELS ?? 1_000_000);
/** A fast site: 2,000 parcels an hour at each of five stations. And now and then a slow one, where days pass. */
const fast = { stations: 5, hours: 1, rate: 2000, faults: 4 };
const slow = { stations: 5, hours: 72, rate: 60, faults: 12 };
const slowEvery = 40;
const firstSeed = 10_001;
/** It goes on after a finding, for the next may be another; a build that finds so many is broken. */
const findingsWanted = 50;
/** Of one seed: what follows from one mistake is many. */
const findingsTold = 10;

test("a million parcels and every fault at every step", { timeout: 24 * 3_600_000 }, async () => {
  const counts: Record<string, number> = {};
  const found: { readonly seed: number; readonly what: string }[] = [];
  let parcels = 0;
  let runs = 0;

  function keep({ seed, faults, findings, parcels: more, cpuSeconds }: Told): void {
    parcels += more;
    for (const [cell, count] of Object.entries(faults)) counts[cell] = (counts[cell] ?? 0) + count;
    say(
      `seed ${seed}: ${more} parcels in ${cpuSeconds} s of processor time, ${findings.length} findings; ${parcels} so far`,
    );
    for (const { rule, what } of findings.slice(0, findingsTold)) tell(seed, `${rule}: ${what}`);
  }

  function tell(seed: number, what: string): void {
    found.push({ seed, what });
    say(`  found with seed ${seed}: ${what}`);
  }

  async function work(): Promise<void> {
    while (parcels < parcelsWanted && found.length < findingsWanted) {
      const seed = firstSeed + runs;
      const site = runs % slowEvery === 0 ? slow : fast;
      runs += 1;
      await simulate({ ...site, seed }, { yielding: true }).then(keep, (error: unknown) =>
        tell(seed, String(error)),
      );
    }
  }

  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  for (const line of tabulate(counts)) say(line);
  say(`${parcels} parcels, ${Object.values(counts).reduce((sum, count) => sum + count, 0)} faults`);
  expect(found).toEqual([]);
  expect(findEmptyCells(counts)).toEqual([]);
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
