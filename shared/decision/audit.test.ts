import fc from "fast-check";
import { expect, test } from "vitest";
import { allowedDeviation, auditSize, findBand, sortSides } from "./audit.ts";
import { anyChannel, baseChannel } from "./decision.test-support.ts";

test.each([
  ["absolute is larger", 200, 50, 20, 50],
  ["percent is larger", 1000, 50, 20, 200],
  ["a part of a gram is not allowed", 199, 0, 10, 19],
  ["nothing", 200, 0, 0, 0],
  ["a decimal percent", 10_000, 0, 0.57, 57],
  ["more than everything", 100, 0, 1000, 1000],
])("allowed deviation: %s", (_what, declared, absolute, percent, allowed) => {
  expect(allowedDeviation(declared, absolute, percent)).toBe(allowed);
});

test("allowed deviation is exact for every percent of up to two decimals", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      (declared, hundredths) => {
        const exact = Number((BigInt(declared) * BigInt(hundredths)) / 10_000n);
        expect(allowedDeviation(declared, 0, hundredths / 100)).toBe(exact);
      },
    ),
    { numRuns: 500 },
  );
});

const bands = [
  { code: "A", aboveGrams: 0, upToGrams: 450 },
  { code: "B", aboveGrams: 450, upToGrams: 2000 },
];
test.each([
  [0, undefined],
  [1, "A"],
  [450, "A"],
  [451, "B"],
  [2000, "B"],
  [2001, undefined],
])("band of %i g", (grams, band) => {
  expect(findBand(grams, { ...baseChannel, bands })).toBe(band);
});

const side = fc.integer({ min: 1, max: 10_000 });
const threeSides = fc.tuple(side, side, side);
const toSize = ([lengthMillimetres, widthMillimetres, heightMillimetres]: readonly [
  number,
  number,
  number,
]) => ({
  lengthMillimetres,
  widthMillimetres,
  heightMillimetres,
});
const turned = ([a, b, c]: readonly [number, number, number]): [number, number, number][] => [
  [a, b, c],
  [a, c, b],
  [b, a, c],
  [b, c, a],
  [c, a, b],
  [c, b, a],
];

test("sides are sorted from the longest", () => {
  expect(sortSides(toSize([50, 200, 150]))).toEqual([200, 150, 50]);
});

test("a size audit says the same however the parcel lies", () => {
  fc.assert(
    fc.property(anyChannel, threeSides, threeSides, (channel, declared, measured) => {
      const upright = auditSize(toSize(declared), toSize(measured), channel);
      for (const lying of turned(measured))
        expect(auditSize(toSize(declared), toSize(lying), channel)).toEqual(upright);
    }),
    { numRuns: 100 },
  );
});

test("without a declared size only the caps apply", () => {
  expect(auditSize(undefined, toSize([599, 1, 1]), baseChannel)).toEqual([]);
  expect(auditSize(undefined, toSize([601, 1, 1]), baseChannel).map(({ code }) => code)).toEqual([
    "size.over-cap",
  ]);
  const { maximumSideMillimetres: _side, maximumSidesSumMillimetres: _sum, ...uncapped } = baseChannel;
  expect(auditSize(undefined, toSize([9000, 9000, 9000]), uncapped)).toEqual([]);
});
