import families from "@waystation/fixtures/barcodes/tracking-numbers.json" with { type: "json" };
import fc from "fast-check";
import { expect, test } from "vitest";
import { identifiersFor, maxIdentifierLength, maxIdentifiers } from "./identifiers.ts";

const share = (one: string, other: string) =>
  identifiersFor(one).some((key) => identifiersFor(other).includes(key));

test("the keys of a routed IMpb: as scanned and without routing", () => {
  expect(identifiersFor("]C142078745\u001d9400111206206406260787")).toEqual([
    "420787459400111206206406260787",
    "9400111206206406260787",
  ]);
});

test("the keys of a GS1 label, the surest first", () => {
  const keys = [
    "00106141412345678908400PO-721AB9",
    "106141412345678908",
    "00106141412345678908",
    "PO-7",
    "AB9",
  ];
  expect(identifiersFor("]C100106141412345678908400po-7\u001d21ab9")).toEqual(keys);
  expect(identifiersFor("(00)106141412345678908 (400)PO-7 (21)AB9")).toEqual(keys);
});

test("a house waybill is its own and only key", () => {
  expect(identifiersFor(" wb-2041\n")).toEqual(["WB-2041"]);
});

test("the keys of a DPD symbol: as scanned, as tracked, as printed short and long", () => {
  expect(identifiersFor("%008182709980000020033350276")).toEqual([
    "%008182709980000020033350276",
    "09980000020033",
    "09980000020033F",
    "008182709980000020033350276C",
  ]);
});

test("a value that looks like GS1 itself is filed as its own scan would be", () => {
  expect(identifiersFor("]C121(01)")).toEqual(["21(01)", "01"]);
  expect(identifiersFor("(01)")).toEqual(["01"]);
});

test("at most twelve keys, none cut", () => {
  const serials = Array.from({ length: 14 }, (_unused, index) => String(index + 10));
  expect(identifiersFor(serials.map((serial) => `(21)${serial}`).join("")).slice(1)).toEqual(
    serials.slice(0, 11),
  );
  expect(identifiersFor("A".repeat(128))).toHaveLength(1);
  expect(identifiersFor("A".repeat(129))).toEqual([]);
});

test.each([
  ["SSCC with and without 00", "(00)340434525230659090", "340434525230659090"],
  ["SSCC by symbology and by its 00", "]C100340434525230659090", "00340434525230659090"],
  ["USPS with and without ZIP+4", "4201002334249200190132607600833457", "9200190132607600833457"],
  ["USPS legacy with and without 91", "71969010756003077385", "9171969010756003077385"],
  ["FedEx 34 and 12", "1001921334250001000300779017972697", "7790 1797 2697"],
  ["FedEx GSN and 12", "9622001560001234567100794808390594", "794808390594"],
  ["FedEx ASTRA and 12", "32971514560102447849175802862014", "784917580286"],
  ["FedEx Ground 96 and 15", "9611020987654312345672", "987654312345672"],
  ["FedEx Ground Economy 20 and USPS", "61299998820821171811", "9261299998820821171811"],
  ["DPD 28 and 14", "008182709980000020033350276C", "09980000020033"],
  ["DPD 28 and 15", "008182709980000020033350276C", "09980000020033F"],
  ["DPD symbol and printed line", "%008182709980000020033350276", "0081 827 0998 0000 0200 33 350 276 C"],
  ["DPD symbol and 15", "%008182709980000020033350276", "09980000020033F"],
  ["DHL piece id with and without its J", "JJD014600003889062584", "JD014600003889062584"],
  ["S10 with blanks", "rb 123 456 785 gb", "RB123456785GB"],
])("%s meet", (_name, one, other) => {
  expect(share(one, other)).toBe(true);
});

test("two parcels of the fixture never meet", () => {
  const owners = new Map<string, string>();
  for (const { data, trackingNumber } of families.flatMap(({ valid }) => valid)) {
    for (const key of identifiersFor(data)) {
      expect(owners.get(key) ?? trackingNumber, key).toBe(trackingNumber);
      owners.set(key, trackingNumber);
    }
  }
});

test("a wrong check digit yields no key but the text itself", () => {
  expect(identifiersFor("420787459400111206206406260788")).toEqual(["420787459400111206206406260788"]);
});

test("whatever comes: few, short, distinct keys, and a key is among its own keys", () => {
  const part = fc.oneof(
    fc.stringMatching(/^[0-9A-Za-z]{1,30}$/),
    fc.constantFrom("\u001d", "(00)", "(21)", "(400)", "420", "]C1"),
  );
  const scans = fc.oneof(
    fc.string({ unit: "binary", maxLength: 600 }),
    fc.array(part, { maxLength: 40 }).map((parts) => parts.join("")),
    fc
      .array(fc.stringMatching(/^[0-9]{1,20}$/), { maxLength: 24 })
      .map((values) => values.map((value) => `(21)${value}`).join("")),
  );
  fc.assert(
    fc.property(
      scans,
      fc.option(fc.constantFrom("]C1", "gs1-128", "code-128"), { nil: undefined }),
      (scanned, symbology) => {
        const keys = identifiersFor(scanned, symbology);
        expect(identifiersFor(scanned, symbology)).toEqual(keys);
        expect(keys.length).toBeLessThanOrEqual(maxIdentifiers);
        expect(new Set(keys).size).toBe(keys.length);
        for (const key of keys) {
          expect(key.length).toBeGreaterThan(0);
          expect(key.length).toBeLessThanOrEqual(maxIdentifierLength);
          expect(identifiersFor(key)[0]).toBe(key);
        }
      },
    ),
    { numRuns: 300 },
  );
});
