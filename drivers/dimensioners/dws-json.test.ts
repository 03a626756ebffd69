import { assert as assertHolds } from "@waystation/shared/failures/assert";
import { expect, test } from "vitest";
import { decodeBytes } from "../decode-bytes.ts";
import { findDefinition } from "../registry.ts";

function decode(text: string, options: Record<string, unknown> = {}) {
  const codec = findDefinition("dws-json")?.createCodec({ framing: "line", ...options });
  assertHolds(codec?.ok, "dws-json");
  return decodeBytes(codec.value, [Buffer.from(`${text}\n`)]);
}

const object = (more: object) =>
  JSON.stringify({ barcode: "A", weight: 1, length: 2, width: 3, height: 4, ...more });

test.each([
  ["[".repeat(4000), "not JSON"],
  [`${"[".repeat(2000)}${"]".repeat(2000)}`, "barcode is missing"],
  ["null", "barcode is missing"],
  ["7", "barcode is missing"],
  ['"text"', "barcode is missing"],
  ['{"__proto__":{"barcode":"A","weight":1,"length":2,"width":3,"height":4}}', "barcode is missing"],
  [object({ weight: "1e3" }), 'weightGrams is "1e3"'],
  [object({ weight: 1e300 }), 'weightGrams is "1e+300"'],
  [object({ weight: -1 }), 'weightGrams is "-1"'],
  [object({ weight: true }), 'weight is "true"'],
  [object({ weight: {} }), 'weight is "{}"'],
  [object({ barcode: 1.5 }), 'barcode is "1.5"'],
  [object({ barcode: "A\u0007" }), "control character in the code"],
  [object({ parcelId: "x" }), 'index is "x"'],
])("%.40s is refused", (text, reason) => {
  const [reading, ...rest] = decode(text);
  expect(rest).toEqual([]);
  expect(reading).toMatchObject({ kind: "refused", reason: expect.stringContaining(reason) });
});

test("a numeric code keeps its digits or is refused", () => {
  expect(decode(object({ barcode: 9_811_962_888_027 }))).toMatchObject([{ barcode: "9811962888027" }]);
  expect(decode(object({}).replace('"A"', "12345678901234567890"))).toMatchObject([{ kind: "refused" }]);
});

test.each(["constructor.name", "__proto__", "toString.length"])(
  "the path %s leads through the object's own machinery and finds nothing",
  (code) => {
    const readings = decode(object({}), { paths: { code, weight: "weight" } });
    expect(readings).toEqual([{ kind: "refused", reason: `${code} is missing` }]);
  },
);
