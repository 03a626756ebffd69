import fc from "fast-check";
import { expect, test } from "vitest";
import { createEplReplyFramer } from "./epl-reply.ts";
import type { Framer } from "./framer.ts";
import { createSingleByteFramer } from "./single-byte.ts";

function frame(framer: Framer, pieces: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const sink = {
    onFrame: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString("latin1")),
    onRefused: (reason: string) => void seen.push(`[${reason}]`),
  };
  for (const piece of pieces) framer.push(piece, sink);
  return seen;
}

const longReplies = [
  { opens: 0x22, closes: 0x22 },
  { opens: 0x37, lengthBytes: 7 },
] as const;
const framers = {
  single: () => createSingleByteFramer({ longReplies, limitBytes: 16 }),
  epl: createEplReplyFramer,
};

test.each(Object.entries(framers))("%s: however it is cut, the same, and bounded", (_, create) => {
  const stream = fc.array(fc.constantFrom(0x06, 0x0a, 0x0d, 0x11, 0x13, 0x15, 0x22, 0x30, 0x37, 0x50), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(stream, fc.nat(200), (bytes, cut) => {
      const framer = create();
      const pieces = [Uint8Array.from(bytes.slice(0, cut)), Uint8Array.from(bytes.slice(cut))];
      expect(frame(framer, pieces)).toEqual(frame(create(), [Uint8Array.from(bytes)]));
      expect(framer.heldBytes()).toBeLessThanOrEqual(128);
    }),
  );
});

test("single bytes, a text in quotes, a reply of fixed length, one without an end", () => {
  const text = (value: string) => [Uint8Array.from(Buffer.from(value, "latin1"))];
  expect(frame(framers.single(), text('\u0001"12"\u00007"0001\u0000\u0002'))).toEqual([
    "\u0001",
    '"12"',
    "\u0000",
    '7"0001\u0000',
    "\u0002",
  ]);
  expect(frame(framers.single(), text(`"${"x".repeat(15)}y`))).toEqual(["[reply longer than 16 bytes]", "y"]);
});

test("EPL: lines, acknowledgements, errors, labels left, and what is cut short", () => {
  const text = "00\r\n\u0006\u001507P003\u001311\r\n0\u001511\u0011";
  expect(frame(framers.epl(), [Uint8Array.from(Buffer.from(text, "latin1"))])).toEqual([
    "00",
    "\u0006",
    "\u001507",
    "11",
    "[1 bytes of a reply that was cut short]",
    "\u001511",
  ]);
});
