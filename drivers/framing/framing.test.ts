import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDelimitedFramer, quotes, stxEtx } from "./delimited.ts";
import type { Framer } from "./framer.ts";
import { createFixedFramer, createLengthFramer } from "./length.ts";
import { createLineFramer, type LineTerminator } from "./line.ts";
import { createModbusFramer } from "./modbus-tcp.ts";

const limitBytes = 16;

/** Frames as text, refusals in brackets. */
function frame(framer: Framer, pieces: readonly (string | Uint8Array)[]): string[] {
  const seen: string[] = [];
  const sink = {
    onFrame: (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString("latin1")),
    onRefused: (reason: string) => void seen.push(`[${reason}]`),
  };
  for (const piece of pieces)
    framer.push(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece, sink);
  return seen;
}

const line = (terminator: LineTerminator) => createLineFramer({ terminator, limitBytes });
const delimited = () => createDelimitedFramer({ pairs: [stxEtx, quotes], limitBytes });
const framers: Readonly<Record<string, () => Framer>> = {
  cr: () => line("cr"),
  lf: () => line("lf"),
  crlf: () => line("crlf"),
  delimited,
  fixed: () => createFixedFramer({ lengthBytes: 5, start: 0x02 }),
  modbus: createModbusFramer,
};

describe.each(Object.entries(framers))("%s", (_, create) => {
  // few different bytes, so that delimiters, headers and overlong frames all occur
  const stream = fc.array(fc.constantFrom(0x00, 0x01, 0x02, 0x03, 0x0a, 0x0d, 0x22, 0x41), {
    maxLength: 200,
  });

  test("however the bytes are cut, frames and refusals are the same, and never more than the limit is held", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 8 }), (bytes, cuts) => {
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b),
          bytes.length,
        ];
        const pieces = places.slice(1).map((end, index) => Uint8Array.from(bytes.slice(places[index], end)));
        const framer = create();
        expect(frame(framer, pieces)).toEqual(frame(create(), [Uint8Array.from(bytes)]));
        expect(framer.heldBytes()).toBeLessThanOrEqual(260);
      }),
      { numRuns: 300 },
    );
  });

  test("a reset forgets the half frame", () => {
    fc.assert(
      fc.property(stream, stream, (before, after) => {
        const framer = create();
        frame(framer, [Uint8Array.from(before)]);
        framer.reset();
        expect(frame(framer, [Uint8Array.from(after)])).toEqual(frame(create(), [Uint8Array.from(after)]));
      }),
      { numRuns: 100 },
    );
  });
});

test("lines: each terminator, empty lines dropped, the limit is exact and one long line costs only itself", () => {
  expect(frame(line("crlf"), ["a\r\nb\rc\nd\r\n\r\n"])).toEqual(["a", "b\rc\nd"]);
  expect(frame(line("cr"), ["a\rb\r\nc\r\n\rd"])).toEqual(["a", "b", "c"]);
  expect(frame(line("lf"), ["a\r\nb\n"])).toEqual(["a\r", "b"]);
  const fits = "x".repeat(16);
  for (const [terminator, end] of [
    ["cr", "\r"],
    ["lf", "\n"],
    ["crlf", "\r\n"],
  ] as const) {
    const seen = frame(line(terminator), [`${fits}${end}${fits}y${end}${"z".repeat(5000)}${end}ok${end}`]);
    const refused = "[line longer than 16 bytes]";
    expect(seen).toEqual([fits, refused, refused, "ok"]);
  }
});

test("delimited: two kinds in one stream, a frame cut short, stray bytes counted, padding ignored", () => {
  expect(frame(delimited(), ['\u0002a,"b\u0003\r\n"12"\0 '])).toEqual(['a,"b', "12"]);
  expect(frame(delimited(), ["\u0002lost\u0002kept\u0003"])).toEqual(["[frame cut short]", "kept"]);
  expect(frame(delimited(), ["noise\u0002ok\u0003"])).toEqual(["[5 bytes outside a frame]", "ok"]);
  const long = frame(delimited(), [`\u0002${"x".repeat(17)}\u0003\u0002ok\u0003`]);
  expect(long).toEqual(["[frame longer than 16 bytes]", "[1 bytes outside a frame]", "ok"]);
});

test("length: a header that cannot be one is skipped byte by byte", () => {
  const framer = createLengthFramer({
    headerBytes: 2,
    limitBytes: 8,
    frameLength: (header) => (header[0] === 0x3a ? Number(header[1]) - 0x30 : null),
  });
  expect(frame(framer, ["xx:4ab:9:3c"])).toEqual([
    "[2 bytes outside a frame]",
    ":4ab",
    "[2 bytes outside a frame]",
    ":3c",
  ]);
});
