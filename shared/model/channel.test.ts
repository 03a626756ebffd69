import { expect, test } from "vitest";
import { baseChannel } from "../decision/decision.test-support.ts";
import { channelSchema } from "./channel.ts";

test("a channel without bands and minimum has none", () => {
  const { bands: _bands, minimumWeightGrams: _minimum, ...rest } = baseChannel;
  expect(channelSchema.parse(rest)).toMatchObject({ bands: [], minimumWeightGrams: 0 });
});

test.each<[string, Record<string, unknown>, boolean]>([
  ["every country", { countries: [] }, true],
  ["a country of three letters", { countries: ["DEU"] }, false],
  ["a tolerance of a part of a percent", { weightTolerance: { absoluteGrams: 0, percent: 0.5 } }, true],
  ["a tolerance below nothing", { weightTolerance: { absoluteGrams: -1, percent: 0 } }, false],
  ["a tolerance that is no number", { weightTolerance: { absoluteGrams: 0, percent: Number.NaN } }, false],
  ["part of a gram", { maximumWeightGrams: 0.5 }, false],
  ["no version", { version: 0 }, false],
  [
    "101 bands",
    { bands: Array.from({ length: 101 }, () => ({ code: "A", aboveGrams: 0, upToGrams: 1 })) },
    false,
  ],
])("a channel with %s", (_what, changes, isGood) => {
  expect(channelSchema.safeParse({ ...baseChannel, ...changes }).success).toBe(isGood);
});
