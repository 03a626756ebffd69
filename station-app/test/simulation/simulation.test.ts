import { factCatalog, type FactName, joinFactName } from "@waystation/shared/facts/catalog";
import { factEnvelopeSchema } from "@waystation/shared/facts/envelope";
import { afterAll, expect, test } from "vitest";
import { findViolations, readLog } from "./check-run.ts";
import { manyFaults, noFaults } from "./faults.ts";
import { openSimulation, type Run } from "./run-simulation.ts";

const simulation = openSimulation();
afterAll(() => simulation.remove());

const seeds = Array.from({ length: 40 }, (_, at) => at + 1);
const runs: Run[] = [];
const countFacts = (of: readonly Run[], type: string, outcome?: string): number =>
  of
    .flatMap(({ texts }) => readLog(texts).facts)
    .filter((fact) => fact.type === type && (outcome === undefined || fact.payload.outcome === outcome))
    .length;

test.each(seeds)("with every fault there is nothing wrong happens (seed %i)", (seed) => {
  const run = simulation.run(seed, manyFaults);
  runs.push(run);
  expect(findViolations(run)).toEqual([]);
});

test("the runs were no walkover: engines died, devices were asked, parcels were accepted all the same", () => {
  expect(runs.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(10);
  expect(countFacts(runs, "parcel.ended", "accepted")).toBeGreaterThan(40);
  for (const type of [
    "parcel.doubted",
    "label.unknown",
    "label.failed",
    "divert.unknown",
    "divert.failed",
    "reading.discarded",
  ])
    expect([type, countFacts(runs, type)]).toEqual([type, expect.toSatisfy((count: number) => count > 0)]);
});

test("without faults every parcel that may leave does, and nothing is in doubt", () => {
  const run = simulation.run(1001, noFaults);
  expect(findViolations(run)).toEqual([]);
  const firstOf = new Set<string | null>();
  for (const { truth, landed } of run.belt) {
    const isFirst = !firstOf.has(truth.orderId);
    firstOf.add(truth.orderId);
    if (
      truth.barcode !== null &&
      truth.rightChute !== null &&
      isFirst &&
      !run.bench.some((parcel) => parcel.truth.orderId === truth.orderId)
    )
      expect(landed).toBe(truth.rightChute);
  }
  expect(countFacts([run], "parcel.doubted")).toBe(0);
});

test.each([3, 9])("the same seed gives the same facts, to the byte (seed %i)", (seed) => {
  expect(simulation.run(seed, manyFaults).texts).toEqual(runs.find((run) => run.seed === seed)?.texts);
});

test("every stored text has its keys in the schema's order, and its payload is what the catalogue says", () => {
  for (const text of runs.flatMap(({ texts }) => texts)) {
    const envelope = factEnvelopeSchema.parse(JSON.parse(text));
    expect(JSON.stringify(envelope)).toBe(text);
    const name = joinFactName(envelope.type, envelope.version) as FactName;
    expect(factCatalog[name].parse(envelope.payload)).toEqual(envelope.payload);
  }
});
