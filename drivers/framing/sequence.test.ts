import fc from "fast-check";
import { expect, test } from "vitest";
import { createSequenceFramer } from "./sequence.ts";

const create = () =>
  createSequenceFramer({ open: [0x01, 0x02], close: [0x03, 0x04], singles: [0x06], limitBytes: 16 });

function frame(framer: ReturnType<typeof create>, pieces: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const sink = {
    onFrame: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString("latin1")),
    onRefused: (reason: string) => void seen.push(`[${reason}]`),
  };
  for (const piece of pieces) framer.push(piece, sink);
  return seen;
}
const frameText = (text: string) => frame(create(), [Buffer.from(text, "latin1")]);

test("however the bytes are cut, the same comes out and no more than the limit is held", () => {
  const stream = fc.array(fc.constantFrom(1, 2, 3, 4, 6, 0x41), { maxLength: 120 });
  fc.assert(
    fc.property(stream, fc.nat(120), (bytes, cut) => {
      const framer = create();
      const pieces = [Uint8Array.from(bytes.slice(0, cut)), Uint8Array.from(bytes.slice(cut))];
      expect(frame(framer, pieces)).toEqual(frame(create(), [Uint8Array.from(bytes)]));
      expect(framer.heldBytes()).toBeLessThanOrEqual(18);
      framer.reset();
      expect(frame(framer, [Uint8Array.of(1, 2, 0x41, 3, 4)])).toEqual(["A"]);
    }),
    { numRuns: 300 },
  );
});

test("a check byte may look like any control byte", () => {
  for (const check of ["\x01", "\x02", "\x03", "\x04", "\x06"]) {
    expect(frameText(`\x06\x01\x02AB${check}\x03\x04`)).toEqual(["\x06", `AB${check}`]);
  }
});

test("a frame cut short, stray bytes and an endless frame cost only themselves", () => {
  expect(frameText("\x01\x02lost\x01\x02kept\x03\x04")).toEqual(["[frame cut short]", "kept"]);
  expect(frameText("noise\x01\x02ok\x03\x04")).toEqual(["[5 bytes outside a frame]", "ok"]);
  const limit = "x".repeat(16);
  expect(frameText(`\x01\x02${limit}\x03\x04`)).toEqual([limit]);
  const [first] = frameText(`\x01\x02${limit}xxxxx\x01\x02ok\x03\x04`);
  expect(first).toBe("[frame longer than 16 bytes]");
  expect(frameText(`\x01\x02${"x".repeat(500)}\x01\x02ok\x03\x04`).at(-1)).toBe("ok");
});
