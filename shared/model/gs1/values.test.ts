import { expect, test } from "vitest";
import { placeDecimalPoint, readGs1Date } from "./values.ts";

test.each([
  ["260131", 2026, "2026-01-31"],
  ["260200", 2026, "2026-02-28"],
  ["280200", 2026, "2028-02-29"],
  ["280229", 2026, "2028-02-29"],
  ["270229", 2026, null],
  ["261301", 2026, null],
  ["260001", 2026, null],
  ["26013", 2026, null],
  // the nearer century: 50 years ahead, 49 back
  ["750101", 2026, "2075-01-01"],
  ["760101", 2026, "2076-01-01"],
  ["770101", 2026, "1977-01-01"],
  ["010101", 2099, "2101-01-01"],
  ["990101", 2001, "1999-01-01"],
])("%s read in %i is %s", (value, year, date) => {
  expect(readGs1Date(value, year)).toBe(date);
});

test.each([
  ["001250", 3, "1.250"],
  ["000000", 5, "0.00000"],
  ["123456", 0, "123456"],
  ["000000", 0, "0"],
  ["5", 2, "0.05"],
])("%s with %i decimals is %s", (digits, decimals, text) => {
  expect(placeDecimalPoint(digits, decimals)).toBe(text);
});
