import { assert } from "@waystation/shared/failures/assert";
import type { Bitmap } from "@waystation/shared/label/label-document";

/** Four bytes per pixel, alpha not premultiplied, as a canvas gives them. */
export type RgbaImage = {
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly rgba: Uint8Array | Uint8ClampedArray;
};

/**
 * What of a picture is black: laid on white, then everything darker than mid-grey (Rec. 601 luma). The only place
 * where that is decided, for carriers' pictures and our own text alike.
 */
export function thresholdImage({ widthPixels, heightPixels, rgba }: RgbaImage): Bitmap {
  assert(rgba.length === widthPixels * heightPixels * 4, "the pixels do not match the size");
  const rowBytes = Math.ceil(widthPixels / 8);
  const rows = new Uint8Array(rowBytes * heightPixels);
  let at = 0;
  for (let y = 0; y < heightPixels; y++) {
    for (let x = 0; x < widthPixels; x++, at += 4) {
      if (isInk(rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0, rgba[at + 3] ?? 0)) {
        const byte = y * rowBytes + (x >> 3);
        rows[byte] = (rows[byte] ?? 0) | (0x80 >> (x & 7));
      }
    }
  }
  return { widthPixels, heightPixels, rows };
}

/** Thousandths of luma below white, times alpha: how much the ink darkens white paper. */
function isInk(red: number, green: number, blue: number, alpha: number): boolean {
  if ((red & green & blue) === 255) return false; // most of a label is white, whatever its alpha
  return (255_000 - 299 * red - 587 * green - 114 * blue) * alpha > 127_500 * 255;
}
