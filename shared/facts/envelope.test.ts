import fc from "fast-check";
import { expect, test } from "vitest";
import { factEnvelopeSchema, isFactEnvelope } from "./envelope.ts";

const good = {
  stationId: "s",
  logId: "l",
  sequence: 1,
  id: "f",
  type: "parcel.scanned",
  version: 1,
  lane: null,
  parcelId: "p",
  causedBy: null,
  occurredAt: "2026-01-01T00:00:00.000Z",
  bootId: "b",
  monotonicMs: 0,
  actor: { kind: "engine" },
  payload: { data: "x" },
  previousHash: "0".repeat(64),
};

const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    "",
    0,
    -1,
    1.5,
    2 ** 53,
    Number.NaN,
    [],
    {},
    true,
    "x".repeat(64),
    "x".repeat(65),
    "x".repeat(81),
    "A".repeat(64),
    { kind: "operator", id: "" },
    { kind: "operator", id: "o" },
    { kind: "device" },
    { kind: "else", id: "o" },
  ),
  fc.jsonValue(),
);

test("the quick check and the schema agree on every envelope", () => {
  expect(isFactEnvelope(good)).toBe(true);
  const property = fc.property(
    fc.constantFrom(...(Object.keys(good) as (keyof typeof good)[])),
    oddValue,
    fc.boolean(),
    (key, value, remove) => {
      const envelope: Record<string, unknown> = { ...good, [key]: value };
      if (remove) delete envelope[key];
      expect(isFactEnvelope(envelope)).toBe(factEnvelopeSchema.safeParse(envelope).success);
    },
  );
  fc.assert(property, { numRuns: 3000 });
  for (const value of [null, 1, "x", [], undefined])
    expect(isFactEnvelope(value)).toBe(factEnvelopeSchema.safeParse(value).success);
});
