import families from "@waystation/fixtures/barcodes/tracking-numbers.json" with { type: "json" };
import fc from "fast-check";
import { expect, test } from "vitest";
import { mod10CheckDigit } from "./check-digits.ts";
import { identifyBarcode } from "./identify.ts";
import { normaliseScan } from "./normalise.ts";

const carriersOf = (data: string, aim?: string) =>
  identifyBarcode(data, aim).matches.map((match) => match.carrier);

test.each(families)("$carrier, $name: valid numbers", ({ carrier, valid }) => {
  for (const { data, trackingNumber } of valid) {
    for (const form of [data, data.toLowerCase(), `]C0${data}`]) {
      const match = identifyBarcode(form).matches.find((one) => one.carrier === carrier);
      expect(match, form).toMatchObject({ trackingNumber });
      expect(match?.checkDigitValid, form).not.toBe(false);
    }
  }
});

test.each(families)("$carrier, $name: invalid numbers", ({ carrier, invalid }) => {
  for (const data of invalid) {
    const match = identifyBarcode(data).matches.find((one) => one.carrier === carrier);
    expect(match?.checkDigitValid ?? false, data).toBe(false);
  }
});

/** No check digit, or not at the end. */
const otherForms = [
  "DHL Express (Piece ID)",
  "DHL E-Commerce",
  "DHL E-Commerce (14)",
  "YunExpress",
  "FedEx ASTRA (32)",
  "S10",
];
const checkedForms = families.filter(({ name }) => !otherForms.includes(name));

test.each(checkedForms)("$carrier, $name: no other last digit fits", ({ name, valid }) => {
  for (const { data } of valid) {
    const number = identifyBarcode(data).data;
    const fitting = [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"].filter((last) =>
      identifyBarcode(number.slice(0, -1) + last).matches.some(
        (match) => match.name === name && match.checkDigitValid,
      ),
    );
    expect(fitting).toEqual([number.slice(-1)]);
  }
});

test("the result names data, carrier, tracking number, check digit and form", () => {
  expect(identifyBarcode("]C0 rb 123456785 gb\r\n")).toEqual({
    data: "RB123456785GB",
    matches: [{ carrier: "s10", trackingNumber: "RB123456785GB", checkDigitValid: true, name: "S10" }],
  });
});

test("a misread S10 is reported, one of an unknown country is not", () => {
  expect(identifyBarcode("LE339614461CN").matches).toMatchObject([
    { carrier: "s10", checkDigitValid: false },
  ]);
  expect(identifyBarcode("RB123456785XX").matches).toEqual([]);
});

test("34 digits: USPS with ZIP+4 comes before FedEx even where both check digits fit", () => {
  expect(carriersOf("4201002334249200190132607600833457")[0]).toBe("usps");
  expect(carriersOf("1001921334250001000300779017972697")).toEqual(["fedex"]);
  const both = range(1000)
    .map((serial) => `920019013260760${String(serial).padStart(6, "0")}`)
    .map((core) => `420100233424${core}${mod10CheckDigit(core)}`)
    .find((data) => carriersOf(data).includes("fedex"));
  expect(carriersOf(both ?? "")).toEqual(["usps", "fedex"]);
});

test("34 digits: ZIP5 with 26 digits is read where its check digit alone fits", () => {
  const core = "92748931507708513018050063";
  expect(identifyBarcode(`42010023${core}`).matches[0]).toMatchObject({
    carrier: "usps",
    trackingNumber: core,
  });
  const body = "9301920019013260760083345";
  const ambiguous = `${body}${mod10CheckDigit(body)}`;
  expect(identifyBarcode(`42010023${ambiguous}`).matches[0]).toMatchObject({
    trackingNumber: ambiguous,
    checkDigitValid: true,
  });
});

test("34 digits: where both readings fit, ZIP+4 with 22 digits is meant", () => {
  const core = "9200190132607600833457";
  expect(identifyBarcode(`9300${core}`).matches[0]?.checkDigitValid).toBe(true);
  expect(identifyBarcode(`420100239300${core}`).matches).toMatchObject([
    { carrier: "usps", trackingNumber: core },
  ]);
});

test("a valid check digit counts for more than a telling prefix", () => {
  const serial = "0034043452523065909";
  const data = `${serial}${mod10CheckDigit(`91${serial}`)}`;
  expect(identifyBarcode(data).matches.map((match) => [match.carrier, match.checkDigitValid])).toEqual([
    ["usps", true],
    ["sscc", false],
  ]);
});

test("USPS behind its routing and FNC1, raw and in brackets", () => {
  for (const data of [
    "]C142090210\u001d9200190132607600833457",
    "(420)90210(92)00190132607600833457",
    "]C1420902109200190132607600833457",
  ]) {
    expect(identifyBarcode(data).matches[0]).toMatchObject({
      carrier: "usps",
      trackingNumber: "9200190132607600833457",
      checkDigitValid: true,
    });
  }
});

test("20 digits behind 00 are an SSCC before anything else", () => {
  expect(identifyBarcode("00340434525230659090").matches[0]).toEqual({
    carrier: "sscc",
    trackingNumber: "340434525230659090",
    checkDigitValid: true,
    name: "SSCC (00)",
  });
  expect(carriersOf("00340434525230659091")[0]).toBe("sscc");
  expect(identifyBarcode("00340434525230659091").matches[0]?.checkDigitValid).toBe(false);
});

test("a bare SSCC stands before FedEx Ground's reading of it", () => {
  expect(carriersOf("000123450000000027")).toEqual(["sscc", "fedex"]);
});

test("an SSCC among other GS1 elements gives both matches", () => {
  const matches = [
    { carrier: "sscc", trackingNumber: "106141412345678908", checkDigitValid: true, name: "SSCC (00)" },
    { carrier: "gs1", trackingNumber: "106141412345678908", checkDigitValid: true, name: "GS1 (00)" },
  ];
  expect(identifyBarcode("]C100106141412345678908400PO-7").matches).toEqual(matches);
  expect(identifyBarcode("(00)106141412345678908(400)PO-7").matches).toEqual(matches);
  expect(identifyBarcode("00106141412345678908400PO-7", "gs1-128").matches).toEqual(matches);
  expect(identifyBarcode("00106141412345678908400PO-7").matches).toEqual([]);
});

test("an SSCC read twice, by its digits and as GS1, is one match", () => {
  expect(carriersOf("(00)340434525230659090")).toEqual(["sscc", "gs1", "usps"]);
});

test("an EAN is no element string, though ]E0 is a letter's case away from DataBar", () => {
  expect(carriersOf("]e02112345678")).toEqual(["gs1"]);
  expect(carriersOf("]E02112345678")).toEqual([]);
});

test("GS1 data without a number of its own is no match", () => {
  expect(identifyBarcode("(420)90210").matches).toEqual([]);
  expect(identifyBarcode("(999999)1").matches).toEqual([]);
});

test("DPD: printed line and symbol track the same parcel", () => {
  expect(identifyBarcode("%008182709980000020033350276").matches).toEqual([
    { carrier: "dpd", trackingNumber: "09980000020033", checkDigitValid: null, name: "DPD symbol" },
  ]);
});

test("14 digits fit two carriers and prove neither", () => {
  expect(
    identifyBarcode("60120172242323").matches.map((match) => [match.carrier, match.checkDigitValid]),
  ).toEqual([
    ["dpd", null],
    ["dhl", null],
  ]);
});

test("more than 512 characters match nothing", () => {
  expect(identifyBarcode("YT2229521272164446".padStart(513))).toEqual({ data: "", matches: [] });
  expect(carriersOf("YT2229521272164446".padStart(512))).toEqual(["yunexpress"]);
});

/** Digits, separators, prefixes and real numbers: text that reaches the readers instead of failing at once. */
const hostile = fc.oneof(
  { maxLength: 600, arbitrary: fc.string({ unit: "binary", maxLength: 600 }), weight: 1 },
  { arbitrary: fc.stringMatching(/^[0-9]{0,60}$/), weight: 2 },
  {
    arbitrary: fc
      .array(
        fc.oneof(
          fc.constantFrom(
            "]C1",
            "\u001d",
            "(00)",
            "(21)",
            "(",
            ")",
            "420",
            "00",
            "1Z",
            "JJD",
            "%",
            " ",
            "ß",
            "ı",
          ),
          fc.constantFrom(...families.flatMap((family) => family.valid.map(({ data }) => data))),
          fc.stringMatching(/^[0-9A-Za-z]{1,8}$/),
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join("")),
    weight: 3,
  },
);

test("whatever comes: no throw, the same answer twice, normalised once is normalised", () => {
  fc.assert(
    fc.property(hostile, (data) => {
      const first = identifyBarcode(data);
      expect(identifyBarcode(data)).toEqual(first);
      expect(identifyBarcode(first.data).data).toBe(first.data);
      for (const match of first.matches)
        expect(normaliseScan(match.trackingNumber)?.data).toBe(match.trackingNumber);
      const ranks = first.matches.map((match) => [true, null, false].indexOf(match.checkDigitValid));
      expect(ranks).toEqual(ranks.toSorted((one, other) => one - other));
    }),
    { numRuns: 400 },
  );
});

function range(length: number): number[] {
  return Array.from({ length }, (_unused, index) => index);
}
