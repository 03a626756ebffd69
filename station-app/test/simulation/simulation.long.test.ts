import { afterAll, expect, test } from "vitest";
import { findViolations } from "./check-run.ts";
import { manyFaults } from "./faults.ts";
import { openSimulation } from "./run-simulation.ts";

const simulation = openSimulation();
afterAll(() => simulation.remove());

const seedsPerTest = 100;
const firstSeeds = Array.from({ length: 20 }, (_, at) => 10_001 + at * seedsPerTest);

test.each(firstSeeds)("a hundred seeds from %i", { timeout: 900_000 }, (first) => {
  for (let seed = first; seed < first + seedsPerTest; seed += 1) {
    const run = simulation.run(seed, manyFaults);
    expect({ seed, violations: findViolations(run) }).toEqual({ seed, violations: [] });
    if (seed === first) expect(simulation.run(seed, manyFaults).texts).toEqual(run.texts);
  }
});
