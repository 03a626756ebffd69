import fc from "fast-check";
import { expect, test } from "vitest";
import { type Gs1Element, parseGs1 } from "./parse.ts";

const element = (ai: string, value: string, rest: Partial<Gs1Element> = {}): Gs1Element => ({
  ai,
  value,
  checkDigitValid: null,
  ...rest,
});

test.each([
  [
    "SSCC, order and routing",
    "]C100106141412345678908400PO-7\u001d42090210",
    [
      element("00", "106141412345678908", { checkDigitValid: true }),
      element("400", "PO-7"),
      element("420", "90210"),
    ],
  ],
  [
    "420 ends at the separator",
    "42090210\u001d9200190132607600833457",
    [element("420", "90210"), element("92", "00190132607600833457")],
  ],
  [
    "fixed lengths need no separator",
    "010952123456789911260131172702001042a",
    [
      element("01", "09521234567899", { checkDigitValid: true }),
      element("11", "260131"),
      element("17", "270200"),
      element("10", "42a"),
    ],
  ],
  [
    "a separator behind a fixed length does no harm",
    "\u001d0109521234567899\u001d\u001d21x\u001d",
    [element("01", "09521234567899", { checkDigitValid: true }), element("21", "x")],
  ],
  [
    "brackets",
    " (01) 09521234567898 (21)a/B(1 ",
    [element("01", "09521234567898", { checkDigitValid: false }), element("21", "a/B(1")],
  ],
  [
    "measures",
    "31030012503302000750",
    [element("3103", "001250", { decimal: "1.250" }), element("3302", "000750", { decimal: "7.50" })],
  ],
  [
    "amounts",
    "3912978012345\u001d390050",
    [
      element("3912", "978012345", { decimal: "123.45", currency: "978" }),
      element("3900", "50", { decimal: "50" }),
    ],
  ],
  [
    "a location and a shipment number",
    "410952123450001840210614141234567894",
    [
      element("410", "9521234500018", { checkDigitValid: true }),
      element("402", "10614141234567894", { checkDigitValid: true }),
    ],
  ],
  [
    "a document with and without serial",
    "2539521234500018A1\u001d2559521234500018",
    [
      element("253", "9521234500018A1", { checkDigitValid: true }),
      element("255", "9521234500018", { checkDigitValid: true }),
    ],
  ],
  ["nothing", "]C1", []],
])("%s", (_name, scanned, elements) => {
  expect(parseGs1(scanned)).toEqual({ ok: true, elements });
});

test.each([
  ["an identifier nobody defined", "0500", { kind: "unknown-ai", at: 0 }],
  ["two digits too few", "001061414123456789", { kind: "too-short", at: 0, ai: "00" }],
  ["a fixed value cut by a separator", "01095212345\u001d21A", { kind: "too-short", at: 0, ai: "01" }],
  ["an identifier without value", "42090210\u001d21", { kind: "too-short", at: 9, ai: "21" }],
  ["a lost separator", "420902109200190132607600833457", { kind: "too-long", at: 0, ai: "420" }],
  ["letters among digits", "0109521234567X99", { kind: "bad-character", at: 0, ai: "01" }],
  ["a character outside set 82", "21a\u00e9", { kind: "bad-character", at: 0, ai: "21" }],
  ["month 13", "11261301", { kind: "bad-date", at: 0, ai: "11" }],
  ["30 February", "11260230", { kind: "bad-date", at: 0, ai: "11" }],
  ["brackets around half an identifier", "(31)03001250", { kind: "unknown-ai", at: 0 }],
  ["513 characters", "9".repeat(513), { kind: "input-too-long", at: 0 }],
])("%s is a problem, not an exception", (_name, scanned, problem) => {
  expect(parseGs1(scanned)).toEqual({ ok: false, problem });
});

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
const anyElement = fc.oneof(
  digits(18).map((value) => ["00", value] as const),
  digits(14).map((value) => ["01", value] as const),
  digits(6).map((value) => ["3305", value] as const),
  fc.stringMatching(/^[0-9A-Za-z]{1,20}$/).map((value) => ["21", value] as const),
  fc.stringMatching(/^[0-9A-Z]{1,20}$/).map((value) => ["420", value] as const),
  fc.stringMatching(/^[0-9a-z]{1,30}$/).map((value) => ["400", value] as const),
);

test("what was put together is taken apart again, raw and in brackets alike", () => {
  fc.assert(
    fc.property(fc.array(anyElement, { minLength: 1, maxLength: 8 }), (pairs) => {
      const raw = parseGs1(`]C1${pairs.map(([ai, value]) => `${ai}${value}\u001d`).join("")}`);
      const bracketed = parseGs1(pairs.map(([ai, value]) => `(${ai})${value}`).join(" "));
      expect(raw).toEqual(bracketed);
      expect(raw.ok && raw.elements.map(({ ai, value }) => [ai, value])).toEqual(pairs);
    }),
    { numRuns: 200 },
  );
});

test("whatever comes, an answer", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary", maxLength: 600 }), fc.stringMatching(/^[0-9()\u001d]{0,100}$/)),
      (scanned) => {
        expect(parseGs1(scanned)).toEqual(parseGs1(scanned));
      },
    ),
    { numRuns: 200 },
  );
});
