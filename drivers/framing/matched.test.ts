import fc from "fast-check";
import { expect, test } from "vitest";
import { createMatchedFramer, type Match } from "./matched.ts";

/** A letter, digits, a full stop: "a12.". */
function match(held: Uint8Array): Match {
  const text = Buffer.from(held).toString("latin1");
  if (/^[a-z]\d*$/.test(text)) return "more";
  return /^[a-z]\d+\.$/.test(text) ? held.length : "none";
}

function frame(pieces: readonly string[], quietBytes = 0) {
  const framer = createMatchedFramer({ match, limitBytes: 8, quietBytes });
  const seen: string[] = [];
  const sink = {
    onFrame: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString("latin1")),
    onRefused: (reason: string) => void seen.push(`[${reason}]`),
  };
  for (const piece of pieces) framer.push(Buffer.from(piece, "latin1"), sink);
  return { seen, heldBytes: framer.heldBytes() };
}

test("a frame that breaks off costs only itself, also where the next begins inside it", () => {
  expect(frame(["a12.b3", "4.", "a1b2.", "#a5."]).seen).toEqual([
    "a12.",
    "b34.",
    "[2 bytes outside a frame]",
    "b2.",
    "[1 bytes outside a frame]",
    "a5.",
  ]);
});

test("what never ends is given up at the limit, and few skipped bytes are no news where they are expected", () => {
  expect(frame(["a1234567890.b1."]).seen).toEqual([
    "[8 bytes outside a frame]",
    "[4 bytes outside a frame]",
    "b1.",
  ]);
  expect(frame(["a1.\n#b2.###c3."], 2).seen).toEqual(["a1.", "b2.", "[3 bytes outside a frame]", "c3."]);
});

test("however the bytes are cut, the same is seen and no more than the limit held", () => {
  const piece = fc.string({ unit: fc.constantFrom("a", "b", "1", ".", "#"), maxLength: 9 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const cut = frame(pieces, 1);
      expect(cut.seen).toEqual(frame([...pieces.join("")], 1).seen);
      expect(cut.heldBytes).toBeLessThanOrEqual(8);
    }),
    { numRuns: 300 },
  );
});
