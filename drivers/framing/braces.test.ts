import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBraceFramer } from "./braces.ts";

const limitBytes = 64;
const create = () => createBraceFramer({ limitBytes, maximumDepth: 4 });

/** Frames as text, refusals in brackets. */
function frame(pieces: readonly (string | Uint8Array)[], framer = create()): string[] {
  const seen: string[] = [];
  const sink = {
    onFrame: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString()),
    onRefused: (reason: string) => void seen.push(`[${reason}]`),
  };
  for (const piece of pieces) framer.push(typeof piece === "string" ? Buffer.from(piece) : piece, sink);
  return seen;
}

test("objects with or without something blank between them, whatever their strings hold", () => {
  expect(frame(['{"a":1}{"b":"}{\\"["} \r\n\0{"c":[{},{"d":{}}]}'])).toEqual([
    '{"a":1}',
    '{"b":"}{\\"["}',
    '{"c":[{},{"d":{}}]}',
  ]);
});

describe("damage", () => {
  test.each([
    ["a lost brace", '{"a":{"b":1}\n{"a":2}', ["[frame cut short]", '{"a":2}']],
    ["a lost quote", '{"a:1}\n{"a":2}\n', ["[control character in a string]", '{"a":2}']],
    [
      "a lost quote, one line",
      '{"a:1}{"a":2}{"a":3}',
      ["[not JSON]", "[3 bytes outside a frame]", '{"a":3}'],
    ],
    ["too deep", '{"a":{"b":{"c":{"d":{}}}}}{"a":2}', null],
    ["too long", `{"a":"${"x".repeat(100)}"}{"a":2}`, null],
    ["no object", 'ok 12 ["x"]\n{"a":2}', ["[9 bytes outside a frame]", '{"a":2}']],
  ])("%s costs little and the next object is heard", (_, text, expected) => {
    const seen = frame([text]);
    if (expected) expect(seen).toEqual(expected);
    expect(seen[0]).toMatch(/^\[/);
    expect(seen.at(-1)).toMatch(/^\{"a":[23]\}$/);
  });

  test("an inner object never passes for an outer one", () => {
    const text = '{"x":{"weight":1,"y":[{"weight":2},{"weight":3}]}}\n';
    for (let place = 0; place < text.length - 1; place += 1) {
      const damaged = `${text.slice(0, place)}\u0015${text.slice(place + 1)}`;
      expect(frame([damaged]).filter((seen) => seen.startsWith("{"))).toEqual([]);
    }
  });
});

test("however the bytes are cut, the same frames and refusals, and never more than the limit held", () => {
  const stream = fc.array(fc.constantFrom(...'{{}}[]:,"a1\\ \n\u0015'), { maxLength: 200 });
  fc.assert(
    fc.property(stream, fc.nat(200), (signs, cut) => {
      const bytes = Buffer.from(signs.join(""));
      const framer = create();
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(frame(pieces, framer)).toEqual(frame([bytes]));
      expect(framer.heldBytes()).toBeLessThanOrEqual(limitBytes);
    }),
    { numRuns: 500 },
  );
});

test("a reset forgets the half object", () => {
  const framer = create();
  frame(['{"a":"'], framer);
  framer.reset();
  expect(frame(['{"b":1}'], framer)).toEqual(['{"b":1}']);
});
