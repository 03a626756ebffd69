import { afterAll, expect, test } from "vitest";
import { manyFaults, noFaults } from "./faults.ts";
import { openSimulation } from "./run-simulation.ts";
import { simulatedOrders } from "./truth.ts";

const simulation = openSimulation();
afterAll(() => simulation.remove());

/**
 * Facts are kept for good and their chain cannot be mended, so nothing of a person may ever be in one: an erased
 * consignee is erased because of this.
 */
test.each([
  [11, manyFaults],
  [12, manyFaults],
  [13, noFaults],
] as const)("no fact of a run tells who gets a parcel, where, or what is in it (seed %i)", (seed, faults) => {
  const { texts } = simulation.run(seed, faults);
  const personal = new Set(
    simulatedOrders.flatMap(({ consignee, items }) => {
      const { country: _, ...person } = consignee;
      return [...Object.values(person), ...items.map(({ description }) => description)];
    }),
  );
  expect(personal.size).toBeGreaterThan(3);
  const told = texts.filter((text) =>
    [...personal].some((value) => text.includes(JSON.stringify(value).slice(1, -1))),
  );
  expect(told).toEqual([]);
  // The run was about orders: their ids are there.
  expect(texts.some((text) => simulatedOrders.some(({ orderId }) => text.includes(`"${orderId}"`)))).toBe(
    true,
  );
});
