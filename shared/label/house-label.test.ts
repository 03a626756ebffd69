import fc from "fast-check";
import { expect, test } from "vitest";
import { composeHouseLabel, type HouseLabelInput } from "./house-label.ts";
import { type LabelElement, millimetresToDots, type TextElement } from "./label-document.ts";
import { cleanText, estimateEms, lineHeightDots, printerCanDraw, wrapText } from "./text-layout.ts";

const input: HouseLabelInput = {
  consignee: { name: "Zoë Müller", street1: "Hauptstraße 1", city: "Wien", postcode: "1010", country: "AT" },
  channel: "AT-STD",
  trackingNumber: "RB123456785GB",
  waybill: "YT2612345678901234",
  weightGrams: 1205,
  sortHint: "A-12",
};

const compose = (fields: HouseLabelInput, dotsPerInch: 203 | 300 | 600 = 203): readonly LabelElement[] => {
  const label = composeHouseLabel(fields, dotsPerInch);
  return label.ok ? label.value.elements : expect.unreachable(String(label.failure.details.reason));
};
const texts = (elements: readonly LabelElement[]): TextElement[] =>
  elements.filter((element) => element.kind === "text");

test("the label shows everything it was given", () => {
  const elements = compose(input);
  expect(texts(elements).map(({ text }) => text)).toEqual([
    "AT-STD",
    "AT",
    "Zoë Müller",
    "Hauptstraße 1",
    "1010 Wien",
    "AT",
    "RB123456785GB",
    "YT2612345678901234",
    "1.205 kg",
    "A-12",
  ]);
  expect(elements.find((element) => element.kind === "code128")).toMatchObject({
    data: "RB123456785GB",
    moduleDots: 4,
  });
});

const bounded = (maximum: number) =>
  fc.oneof(
    fc.string({ unit: "grapheme", maxLength: maximum / 2 }).map((text) => text.slice(0, maximum)),
    fc
      .tuple(fc.constantFrom("W", "张", "م", "i ", "word "), fc.nat({ max: maximum }))
      .map(([unit, count]) => unit.repeat(count).slice(0, maximum)),
  );
/** The lengths of the order schema; 31 letters are the most that make a Code 128 of 0.25 mm bars on 100 mm. */
const anyInput: fc.Arbitrary<HouseLabelInput> = fc.record({
  consignee: fc.record({
    name: bounded(120),
    company: bounded(120),
    street1: bounded(200),
    street2: bounded(200),
    city: bounded(100),
    state: bounded(100),
    postcode: bounded(20),
    country: fc.constantFrom("AT", "CN", "SA"),
    phone: bounded(40),
  }),
  channel: bounded(40),
  trackingNumber: fc.stringMatching(/^[A-Z0-9]{4,31}$/),
  waybill: bounded(64),
  weightGrams: fc.nat({ max: 1_000_000 }),
  sortHint: bounded(20),
});

test("whatever an order may contain fits, whole, inside the margins and without overlap", () => {
  fc.assert(
    fc.property(anyInput, fc.constantFrom(203 as const, 300 as const), (fields, dotsPerInch) => {
      const elements = compose(fields, dotsPerInch);
      const lines = texts(elements);
      const printed = lines
        .map(({ text }) => text)
        .join("")
        .replaceAll(" ", "");
      for (const part of [
        fields.channel,
        fields.waybill,
        fields.sortHint,
        ...Object.values(fields.consignee),
      ]) {
        expect(printed).toContain(cleanText(part ?? "").replaceAll(" ", ""));
      }
      for (const { text, xDots, yDots, heightDots, maximumWidthDots } of lines) {
        expect(estimateEms(text) * heightDots).toBeLessThanOrEqual(maximumWidthDots + 1e-6);
        expect(xDots + maximumWidthDots).toBeLessThanOrEqual(millimetresToDots(97, dotsPerInch));
        const below = lines.filter((other) => other.xDots === xDots && other.yDots > yDots);
        for (const other of below)
          expect(other.yDots).toBeGreaterThanOrEqual(yDots + lineHeightDots(heightDots) - 1);
      }
    }),
    { numRuns: 150 },
  );
});

test("a tracking number without a readable barcode is a failure", () => {
  expect(composeHouseLabel({ ...input, trackingNumber: "W".repeat(40) })).toMatchObject({
    ok: false,
    failure: {
      code: "label.invalid",
      details: { reason: "the tracking number is too long for its barcode" },
    },
  });
});

test.each([
  ["Zoë Łukasiewicz, Győr", true],
  ["^XZ~JR", true],
  ["张伟", false],
  ["محمد", false],
  ["Иван", false],
  ["O’Neill", false],
  ["soft\u00adhyphen", false],
  ["e\u0301", false],
])("the printer's own font draws %j: %s", (text, expected) => {
  expect(printerCanDraw(text)).toBe(expected);
});

test("text is one line without marks that would reorder it", () => {
  expect(cleanText(" a\r\nb\u0000\t c\u202e\u2066d\u00a0e ")).toBe("a b cd e");
  expect(cleanText("e\u0301\ud800")).toBe("é\ufffd");
});

test("lines break at spaces and between Han, long words where the line ends", () => {
  expect(wrapText("aaa bbb ccc", 5)).toEqual(["aaa bbb", "ccc"]);
  expect(wrapText("北京市朝阳区", 4)).toEqual(["北京市朝", "阳区"]);
  expect(wrapText("x".repeat(12), 3)).toEqual(["xxxxx", "xxxxx", "xx"]);
  expect(wrapText("", 3)).toEqual([]);
});
