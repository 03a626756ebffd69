import fc from "fast-check";
import { expect, test } from "vitest";
import type { Framer } from "./framer.ts";
import { createReportFramer } from "./report.ts";

/** Five bytes: 2, a letter from `A` on, two of data, and whether more follows. */
const create = (): Framer =>
  createReportFramer({
    lengthBytes: 5,
    headerBytes: 2,
    isHeader: ([id = 0, letter = 0]) => id === 2 && letter >= 0x41,
    continues: (report) => (report[4] === 0 || report[4] === 1 ? report[4] === 1 : null),
    limitReports: 3,
  });

function frame(framer: Framer, pieces: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const sink = {
    onFrame: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString("hex")),
    onRefused: (reason: string) => void seen.push(`[${reason}]`),
  };
  for (const piece of pieces) framer.push(piece, sink);
  return seen;
}
const read = (hex: string) => frame(create(), [Buffer.from(hex.replaceAll(" ", ""), "hex")]);

test("however the bytes are cut, frames and refusals are the same, and what is held has a limit", () => {
  const stream = fc.array(fc.constantFrom(0, 1, 2, 0x41, 0x42, 0xff), { maxLength: 120 });
  fc.assert(
    fc.property(stream, fc.array(fc.nat(120), { maxLength: 8 }), (bytes, cuts) => {
      const places = [
        0,
        ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b),
        bytes.length,
      ];
      const pieces = places.slice(1).map((end, index) => Uint8Array.from(bytes.slice(places[index], end)));
      const framer = create();
      expect(frame(framer, pieces)).toEqual(frame(create(), [Uint8Array.from(bytes)]));
      expect(framer.heldBytes()).toBeLessThanOrEqual(15);
      framer.reset();
      expect(frame(framer, [Uint8Array.from(bytes)])).toEqual(frame(create(), [Uint8Array.from(bytes)]));
    }),
    { numRuns: 500 },
  );
});

test("reports of one message become one frame; zeros between reports are padding", () => {
  expect(read("0241aabb00 0000 0242ccdd01 00 0243eeff00")).toEqual(["0241aabb00", "0242ccdd010243eeff00"]);
});

test("what may be the rest of a message whose start was lost is refused, up to its end", () => {
  const rest = "[may be the rest of a damaged message]";
  expect(read("0241aabb01 ff 0242ccdd01 0243eeff00 0244000000")).toEqual([
    "[1 bytes outside a report]",
    rest,
    rest,
    "0244000000",
  ]);
  expect(read("0241aabb07 0242ccdd00 0243eeff00")).toEqual(["[damaged report]", rest, "0243eeff00"]);
});

test("a message longer than allowed costs itself and no more memory", () => {
  expect(read(`${"0241000001".repeat(5)}0242000000 0243000000`)).toEqual([
    "[message longer than 3 reports]",
    "[may be the rest of a damaged message]",
    "[may be the rest of a damaged message]",
    "[may be the rest of a damaged message]",
    "0243000000",
  ]);
});
