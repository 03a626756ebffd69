import { expect, test } from "vitest";
import { z } from "zod";
import { judgeAge, parseTimestamp, telegramTimeOptions } from "./telegram-time.ts";

const schema = z.strictObject(telegramTimeOptions);
const parse = (text: string, timestampFormat: string, timestampZone: number | "station" = 0) =>
  parseTimestamp(text, schema.parse({ timestampFormat, timestampZone }));

test("the published moment in every form: 2025-12-10, 10:56:04.205 in London", () => {
  const moment = 1_765_364_164_205;
  expect(parse("1765364164205", "ms")).toBe(moment);
  expect(parse("1765364164.205", "s")).toBe(moment);
  expect(parse("2025-12-10T10:56:04.205Z", "iso")).toBe(moment);
  expect(parse("2025-12-10T10:56:04.205999Z", "iso")).toBe(moment);
  expect(parse("2025-12-10 18:56:04.205+0800", "iso")).toBe(moment);
  expect(parse("2025-12-10T18:56:04,205", "iso", 480)).toBe(moment);
  expect(parse("10.12.2025 18:56:04", "dd.MM.yyyy HH:mm:ss", 480)).toBe(moment - 205);
  expect(parse("20251210105604205", "yyyyMMddHHmmssSSS")).toBe(moment);
  const local = new Date(2025, 11, 10, 10, 56, 4).getTime();
  expect(parse("2025-12-10 10:56:04", "yyyy-MM-dd HH:mm:ss", "station")).toBe(local);
});

test.each([
  ["", "ms"],
  ["1765364164", "ms"],
  ["1765364164205", "s"],
  ["2025-02-29T00:00:00Z", "iso"],
  ["2025-12-10T24:00:00Z", "iso"],
  ["2025-12-10", "iso"],
  ["20251310105604", "yyyyMMddHHmmss"],
  ["2025121010560", "yyyyMMddHHmmss"],
  ["202512101056040", "yyyyMMddHHmmss"],
  ["2025121010 604", "yyyyMMddHHmmss"],
])("%s is no moment as %s", (text, format) => expect(parse(text, format)).toBeNull());

test("a form without hours, or no form at all, is no option", () => {
  expect(schema.safeParse({ timestampFormat: "yyyy-MM-dd" }).success).toBe(false);
  expect(schema.safeParse({ timestampFormat: "today" }).success).toBe(false);
});

test("age: exact at the limit, both ways; no stamp is no proof", () => {
  const options = schema.parse({ timestampFormat: "ms", maximumAgeMs: 1000 });
  expect(judgeAge(0, 1000, options)).toBeNull();
  expect(judgeAge(0, 1001, options)).toBe("measured 1001 ms ago");
  expect(judgeAge(1001, 0, options)).toBe("measured 1001 ms from now: the clocks differ");
  expect(judgeAge(null, 0, options)).toBe("no timestamp");
  expect(judgeAge(null, 0, schema.parse({}))).toBeNull();
});
