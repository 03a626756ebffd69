import fc from "fast-check";
import { expect, test } from "vitest";
import { countCode128Modules, encodeCode128, encodeGs1128 } from "./code128.ts";
import type { Gs1Element } from "./label-document.ts";

/** Reads `^BC` mode N field data as the manual's table has it; counts the symbols after the start code. */
function readInvocations(field: string): { text: string; symbols: number } {
  const values: Record<string, string> = { "<": "^", "0": ">", "=": "~", "8": "\x1d" };
  let subset = field.startsWith(">;") ? "C" : "B";
  expect(field.slice(0, 2)).toBe(subset === "C" ? ">;" : ">:");
  let text = "";
  let symbols = 0;
  for (let at = 2; at < field.length; symbols++) {
    const invoked = field[at] === ">" ? (field[at + 1] ?? "") : undefined;
    if (invoked === "6" && subset === "C") subset = "B";
    else if (invoked !== undefined) text += values[invoked] ?? expect.unreachable(`>${invoked}`);
    else if (subset === "B") text += field[at];
    else text += /^\d\d$/.exec(field.slice(at, at + 2))?.[0] ?? expect.unreachable("not a pair");
    at += invoked !== undefined || subset === "C" ? 2 : 1;
  }
  return { text, symbols };
}

const ascii = fc.oneof(
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 80 }),
  fc.stringMatching(/^[0-9]{0,12}[>^~A-Z0-9]{1,12}$/),
);

test("every printable ASCII text comes back, in as many symbols as counted", () => {
  fc.assert(
    fc.property(ascii, (data) => {
      const field = encodeCode128(data);
      if (!field.ok) return expect.unreachable(data);
      const { text, symbols } = readInvocations(field.value);
      expect(text).toBe(data);
      expect(countCode128Modules(data)).toBe(11 * (symbols + 2) + 13);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["RB123456785GB", ">:RB123456785GB"],
  ["123456", ">;123456"],
  ["1234567", ">;1234>6567"],
  ["12345", ">:12345"],
  ["123456AB", ">;123456>6AB"],
  ["12", ">:12"],
  ["008182709980000020033350276C", ">;00818270998000002003335027>66C"],
  ["a>b^c~d", ">:a>0b><c>=d"],
])("%s becomes %s", (data, field) => {
  expect(encodeCode128(data)).toEqual({ ok: true, value: field });
});

test.each(["", "é", "tab\t", "x".repeat(81)])("%j has no Code 128", (data) => {
  expect(encodeCode128(data)).toMatchObject({ ok: false, failure: { code: "label.invalid" } });
});

test.each<[Gs1Element[], string]>([
  [
    [
      { identifier: "420", value: "90210" },
      { identifier: "92", value: "05123456" },
    ],
    "\x1d42090210\x1d9205123456",
  ],
  [
    [
      { identifier: "00", value: "340123450000000018" },
      { identifier: "10", value: "A>B" },
    ],
    "\x1d0034012345000000001810A>B",
  ],
])("a GS1-128 separates only what has no predefined length", (elements, content) => {
  const field = encodeGs1128(elements);
  expect(field.ok && readInvocations(field.value).text).toBe(content);
});

test.each<Gs1Element[][]>([
  [[]],
  [[{ identifier: "4", value: "1" }]],
  [[{ identifier: "42x", value: "1" }]],
  [[{ identifier: "10", value: "" }]],
  [[{ identifier: "10", value: "a b" }]],
  [[{ identifier: "10", value: "1".repeat(47) }]],
])("%j is not a GS1-128", (elements) => {
  expect(encodeGs1128(elements)).toMatchObject({ ok: false, failure: { code: "label.invalid" } });
});
