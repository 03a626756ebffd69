import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { simulate, type Told } from "./run-simulation.test-support.ts";

/** Sixty parcels and some twenty faults: some seconds. The long run does a million. */
const small = { stations: 2, hours: 0.5, rate: 60, faults: 40 };
const seeds = [7, 42];
const fresh = randomInt(2 ** 31);
const told: Told[] = [];
const patience = { timeout: 240_000 };

test(
  "everything goes wrong, and nothing wrong happens; the same seed gives the same to the byte",
  patience,
  async () => {
    process.stdout.write(`simulator: fresh seed ${fresh}\n`);
    // Two at a time: each is a process of its own.
    const [first, second] = await Promise.all(seeds.map((seed) => simulate({ ...small, seed })));
    const [again, tried] = await Promise.all(
      [seeds[0] ?? 0, fresh].map((seed) => simulate({ ...small, seed })),
    );
    for (const result of [first, second, tried]) {
      expect({ seed: result?.seed, findings: result?.findings }).toEqual({
        seed: result?.seed,
        findings: [],
      });
      if (result !== undefined) told.push(result);
    }
    expect(again?.trace).toBe(first?.trace);
    expect(first?.trace).not.toBe(second?.trace);
  },
);

test("the runs were no walkover", () => {
  expect(told.reduce((sum, { deaths }) => sum + deaths, 0)).toBeGreaterThan(2);
  for (const { ends, faults, checked, parcels } of told) {
    expect(ends.accepted).toBeGreaterThan(parcels / 4);
    expect(Object.keys(faults).length).toBeGreaterThan(8);
    expect(Object.values(checked).every((count) => count >= 0)).toBe(true);
  }
});
