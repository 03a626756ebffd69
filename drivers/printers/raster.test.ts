import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { connectTwin, startTwinOf } from "../conformance/connect-twin.ts";
import { until } from "../conformance/recorder.ts";
import type { PrinterTwinState } from "../twins/printer.ts";
import { drawPicture } from "../conformance/read-raster.ts";
import { countCpclLabels } from "./cpcl.ts";
import { countEplLabels } from "./epl.ts";
import { countEscposLabels } from "./escpos.ts";
import {
  type Bitmap,
  encodeBitmap,
  encodeRasterLabel,
  type RasterLanguage,
  rasterLanguages,
} from "./raster.ts";
import { countTsplLabels } from "./tspl.ts";

const arbitraryBitmap = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }))
  .chain(([widthDots, heightDots]) => {
    const length = Math.ceil(widthDots / 8) * heightDots;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((rows): Bitmap => ({ widthDots, heightDots, rows }));
  });

function listBlackDots({ widthDots, heightDots, rows }: Bitmap, x: number, y: number): Set<string> {
  const stride = rows.length / heightDots;
  const black = new Set<string>();
  for (let row = 0; row < heightDots; row += 1) {
    for (let column = 0; column < widthDots; column += 1) {
      const byte = rows[row * stride + Math.floor(column / 8)] ?? 0;
      if ((byte & (0x80 >> (column % 8))) !== 0) black.add(`${x + column},${y + row}`);
    }
  }
  return black;
}

test.each(rasterLanguages)("%s: every dot where it was, and none beyond the width", (language) => {
  fc.assert(
    fc.property(arbitraryBitmap, fc.nat(20), fc.nat(20), (bitmap, x, y) => {
      // ESC/POS has no place to print at: whole bytes from the left, and no way down
      const place = language === "escpos" ? { xDots: x * 8, yDots: 0 } : { xDots: x, yDots: y };
      const picture = drawPicture(encodeBitmap(language, bitmap, place));
      expect(picture?.black).toEqual(listBlackDots(bitmap, place.xDots, place.yDots));
    }),
  );
});

test("the bytes themselves, as the manuals write them", () => {
  const bitmap = { widthDots: 12, heightDots: 2, rows: Uint8Array.of(0xf0, 0x1f, 0x00, 0x00) };
  const hex = (language: RasterLanguage) =>
    Buffer.from(encodeBitmap(language, bitmap, { xDots: 8, yDots: 3 })).toString("latin1");
  expect(hex("tspl")).toBe("BITMAP 8,3,2,2,0,\x0f\xef\xff\xff\r\n");
  expect(hex("epl")).toBe("GW8,3,2,2,\x0f\xef\xff\xff\r\n");
  expect(hex("cpcl")).toBe("CG 2 2 8 3 \xf0\x10\0\0\r\n");
  expect(hex("cpcl-hex")).toBe("EG 2 2 8 3 F0100000\r\n");
  expect(hex("escpos")).toBe("\x1dv0\0\x03\0\x02\0\0\xf0\x10\0\0\0");
});

test("bytes that do not fill the rows are a bug", () => {
  const bitmap = { widthDots: 9, heightDots: 2, rows: new Uint8Array(3) };
  expect(() => encodeBitmap("tspl", bitmap, { xDots: 0, yDots: 0 })).toThrow(/3 bytes/);
});

const counters: Readonly<Record<RasterLanguage, (bytes: Uint8Array) => number>> = {
  tspl: countTsplLabels,
  epl: countEplLabels,
  cpcl: countCpclLabels,
  "cpcl-hex": countCpclLabels,
  escpos: countEscposLabels,
};

/** A picture that holds every command a careless reader could fall for. */
const trap = [..."\r\nPRINT 9\r\nP9\r\n! 0 200 200 1 9\r\nPRINT\r\n\u001dV\u0000\u001b!?\u001bh^ee\r\n"].map(
  (letter) => letter.charCodeAt(0),
);

test.each(rasterLanguages)("%s: a label whose dots look like commands is one label", (language) => {
  for (const flip of [0x00, 0xff]) {
    const rows = Uint8Array.from(trap, (byte) => byte ^ flip);
    const bitmap = { widthDots: 8, heightDots: rows.length, rows };
    expect(counters[language](encodeRasterLabel(language, bitmap))).toBe(1);
  }
});

test.each(["tspl", "epl", "cpcl", "cpcl-hex", "escpos"] as const)(
  "%s: the twin prints the picture once, dot for dot",
  async (language) => {
    const family = language === "cpcl-hex" ? "cpcl" : language;
    const twin = await startTwinOf<PrinterTwinState>({ onTestFinished }, family, { printTimeMs: 60 });
    const options = { pollMs: 20, silenceMs: 2000 };
    const { device, isReady } = connectTwin({ onTestFinished }, "printer", family, twin, options);
    onTestFinished(device.stop);
    await until(isReady, "ready");
    const rows = Uint8Array.from(trap, (byte) =>
      family === "escpos" || family === "cpcl" ? byte : byte ^ 0xff,
    );
    const bitmap = { widthDots: 8, heightDots: rows.length, rows };
    const bytes = encodeRasterLabel(language, bitmap);
    expect((await device.print({ jobId: "1", bytes, timeoutMs: 5000 })).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(1);
    const received = Buffer.concat(twin.state().jobs.map((job) => job.bytes));
    expect(drawPicture(received)?.black).toEqual(listBlackDots(bitmap, 0, 0));
  },
);
