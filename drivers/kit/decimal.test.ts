import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDecimal, toGrams, toMillimetres } from "./decimal.ts";

test.each([
  ["100.00", "g", 100],
  ["0.5", "g", 1],
  ["-0.5", "g", -1],
  ["0.4999", "g", 0],
  ["-0.4", "g", 0],
  ["12.3455", "kg", 12_346],
  ["- 0.10", "kg", -100],
  ["1", "lb", 454],
  ["150.000", "lb", 68_039],
  ["645.2", "oz", 18_291],
  ["1000", "mg", 1],
  ["5.", "kg", 5000],
])("%s %s is %i g", (text, unit, grams) => expect(toGrams(text, unit)).toBe(grams));

test.each(["", ".5", "1,5", "1e3", "--1", "1.2.3", "0x10", "9999999999999", "NaN", "١"])(
  "%s is no number",
  (text) => expect(parseDecimal(text)).toBeNull(),
);

test("an unknown unit is null, never grams", () => {
  expect(toGrams("1", "stone")).toBeNull();
  expect(toGrams("1", "constructor")).toBeNull();
  expect(toMillimetres("10.04", "cm")).toBe(100);
  expect(toMillimetres("1", "in")).toBe(25);
});

test("kilograms with three decimals are grams, exactly, over the whole range", () => {
  fc.assert(
    fc.property(fc.integer({ min: -99_999_999, max: 99_999_999 }), (grams) => {
      const digits = String(Math.abs(grams)).padStart(4, "0");
      const text = `${grams < 0 ? "-" : ""}${digits.slice(0, -3)}.${digits.slice(-3)}`;
      expect(toGrams(text, "kg")).toBe(grams);
    }),
  );
});
