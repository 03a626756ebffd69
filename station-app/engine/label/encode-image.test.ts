import { inflateSync } from "node:zlib";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Bitmap } from "@waystation/shared/label/label-document";
import { encodeZpl } from "@waystation/shared/label/zpl";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { readLabel } from "../../test/support/read-label.ts";
import { thresholdImage } from "./bitmap.ts";
import { encodeImage } from "./encode-image.ts";

/** Rendering takes half a second on a quiet machine, much longer on a busy one. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** CRC-16/XMODEM, bit by bit. */
function crc16(text: string): string {
  let crc = 0;
  for (const char of text) {
    crc ^= char.charCodeAt(0) << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  }
  return (crc & 0xffff).toString(16).padStart(4, "0");
}

/** Reads the bands as a printer would: each checked, then stacked. */
function decodeBands(bitmap: Bitmap): Uint8Array {
  const rowBytes = Math.ceil(bitmap.widthPixels / 8);
  const rows = new Uint8Array(rowBytes * bitmap.heightPixels);
  for (const { command, yOffsetDots } of encodeImage(bitmap)) {
    const match = /^\^GFA,(\d+),(\d+),(\d+),:Z64:([A-Za-z0-9+/=]+):([0-9a-f]{4})$/.exec(command);
    if (match === null) return expect.unreachable(command.slice(0, 60));
    const [, sent = "", total = "", perRow = "", base64 = "", checksum = ""] = match;
    const data = inflateSync(Buffer.from(base64, "base64"));
    expect([sent, total, perRow, checksum]).toEqual([
      String(data.length),
      String(data.length),
      String(rowBytes),
      crc16(base64),
    ]);
    expect(data.length).toBeLessThanOrEqual(99_999);
    rows.set(data, yOffsetDots * rowBytes);
  }
  return rows;
}

/** Black where ink on white paper is darker than half, worked out per pixel the slow way. */
function inkAt(rgba: readonly number[], pixel: number): boolean {
  const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.slice(pixel * 4, pixel * 4 + 4);
  const onWhite = (value: number): number => (value * alpha + 255 * (255 - alpha)) / 255;
  return 0.299 * onWhite(red) + 0.587 * onWhite(green) + 0.114 * onWhite(blue) < 127.5 - 1e-9;
}

const byte = fc.oneof(fc.constantFrom(0, 255, 127, 128, 200), fc.nat({ max: 255 }));
const picture = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }))
  .chain(([widthPixels, heightPixels]) => {
    const length = widthPixels * heightPixels * 4;
    const plain = (values: number[]) => fc.constant(Array.from({ length: length / 4 }, () => values).flat());
    return fc.record({
      widthPixels: fc.constant(widthPixels),
      heightPixels: fc.constant(heightPixels),
      rgba: fc.oneof(
        fc.array(byte, { minLength: length, maxLength: length }),
        plain([255, 255, 255, 255]),
        plain([0, 0, 0, 255]),
        plain([0, 0, 0, 200]),
        plain([0, 0, 0, 0]),
      ),
    });
  });

test("every picture comes back pixel for pixel: odd widths, all white, all black, half transparent", () => {
  fc.assert(
    fc.property(picture, ({ widthPixels, heightPixels, rgba }) => {
      const bitmap = thresholdImage({ widthPixels, heightPixels, rgba: Uint8Array.from(rgba) });
      const rowBytes = Math.ceil(widthPixels / 8);
      const expected = new Uint8Array(rowBytes * heightPixels);
      for (let pixel = 0; pixel < widthPixels * heightPixels; pixel++) {
        const x = pixel % widthPixels;
        const at = Math.floor(pixel / widthPixels) * rowBytes + (x >> 3);
        if (inkAt(rgba, pixel)) expected[at] = (expected[at] ?? 0) | (0x80 >> (x & 7));
      }
      expect(bitmap.rows).toEqual(expected);
      expect(decodeBands(bitmap)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test("a full page is split where ^GF ends and a renderer puts it together again", async () => {
  const size = { widthPixels: 799, heightPixels: 1199 };
  const context = createCanvas(799, 1199).getContext("2d");
  context.fillRect(0, 0, 799, 3);
  for (let step = 0; step < 200; step++) context.fillRect((step * 37) % 790, step * 6, 9, 5);
  const bitmap = thresholdImage({ ...size, rgba: context.getImageData(0, 0, 799, 1199).data });
  expect(encodeImage(bitmap).map((band) => band.yOffsetDots)).toEqual([0, 999]);
  expect(decodeBands(bitmap)).toEqual(bitmap.rows);

  const stock = { widthMillimetres: 100, heightMillimetres: 150, dotsPerInch: 203 } as const;
  const image = { kind: "image", xDots: 0, yDots: 0, bitmap } as const;
  const zpl = encodeZpl({ ...stock, elements: [image] }, encodeImage);
  if (!zpl.ok) return expect.unreachable();
  const { png } = await readLabel(new TextEncoder().encode(zpl.value));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, 799, 1199);
  context.drawImage(await loadImage(png), 0, 0);
  const seen = thresholdImage({ ...size, rgba: context.getImageData(0, 0, 799, 1199).data });
  expect(Buffer.compare(seen.rows, bitmap.rows)).toBe(0);
});

test("rows that do not match the size are a bug", () => {
  expect(() => encodeImage({ widthPixels: 9, heightPixels: 1, rows: Uint8Array.of(0) })).toThrow(
    "rows do not match",
  );
  expect(() => encodeImage({ widthPixels: 0, heightPixels: 1, rows: new Uint8Array() })).toThrow(
    "without pixels",
  );
});
