import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { simulate, type Told } from "./run-simulation.test-support.ts";

/** A hundred parcels with forty faults: some seconds. The long run does a million. */
const small = { stations: 2, hours: 0.8, rate: 60, faults: 40 };
const seeds = [7, 42];
const fresh = [randomInt(2 ** 31), randomInt(2 ** 31)];
const told: Told[] = [];
const patience = { timeout: 240_000 };

test.each(seeds)("everything goes wrong, and nothing wrong happens (seed %i)", patience, async (seed) => {
  const result = await simulate({ ...small, seed });
  told.push(result);
  expect(result.findings).toEqual([]);
});

test.each(fresh)("a seed nobody has tried: %i", patience, async (seed) => {
  process.stdout.write(`simulator: fresh seed ${seed}\n`);
  const { findings } = await simulate({ ...small, seed });
  expect({ seed, findings }).toEqual({ seed, findings: [] });
});

test("the same seed gives the same facts and effects, to the byte", patience, async () => {
  const again = await simulate({ ...small, seed: seeds[0] ?? 0 });
  expect(again.trace).toBe(told[0]?.trace);
  expect(told[0]?.trace).not.toBe(told[1]?.trace);
});

test("the runs were no walkover", () => {
  expect(told.reduce((sum, { deaths }) => sum + deaths, 0)).toBeGreaterThan(4);
  for (const { ends, faults, checked, parcels } of told) {
    expect(ends.accepted).toBeGreaterThan(parcels / 3);
    expect(Object.keys(faults).length).toBeGreaterThan(25);
    expect(Object.values(checked).every((count) => count >= 0)).toBe(true);
  }
});

test("without faults every parcel that may leave does", patience, async () => {
  const { findings, ends, parcels } = await simulate({ ...small, faults: 0, seed: 3 });
  expect(findings).toEqual([]);
  expect(ends.accepted).toBeGreaterThan(parcels * 0.7);
});
