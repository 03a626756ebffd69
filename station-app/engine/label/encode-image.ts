import { assert } from "@waystation/shared/failures/assert";
import type { Bitmap, ImageBand } from "@waystation/shared/label/label-document";
import zplImage from "zpl-image";

/** `^GF` counts bytes from 1 to 99999 and clamps the rest (ZPL II Programming Guide, ^GF): taller images are cut. */
const maximumBandBytes = 99_999;

/**
 * A bitmap as one or more `^GFA` commands with Z64 data (zlib, base64, CRC-16).
 * zpl-image is given opaque black and white pixels and told not to trim, so that none of its known faults can
 * matter: it trims margins by default (contents move), turns an all-white image into a negative width, blends
 * alpha three times, takes `black: 0` for 50, and reads a width of 65.9 as 65.
 */
export function encodeImage(bitmap: Bitmap): readonly ImageBand[] {
  const { widthPixels, heightPixels, rows } = bitmap;
  const rowBytes = Math.ceil(widthPixels / 8);
  assert(Number.isInteger(widthPixels) && widthPixels >= 1 && heightPixels >= 1, "an image without pixels");
  assert(rows.length === rowBytes * heightPixels, "the rows do not match the size");
  const bandRows = Math.floor(maximumBandBytes / rowBytes);
  const bands: ImageBand[] = [];
  for (let top = 0; top < heightPixels; top += bandRows) {
    const band = rows.subarray(top * rowBytes, Math.min(heightPixels, top + bandRows) * rowBytes);
    bands.push({ yOffsetDots: top, command: encodeBand(band, widthPixels, rowBytes) });
  }
  return bands;
}

function encodeBand(rows: Uint8Array, widthPixels: number, rowBytes: number): string {
  const encoded = zplImage.rgbaToZ64(expand(rows, widthPixels, rowBytes), widthPixels, {
    black: 50,
    notrim: true,
  });
  assert(encoded.length === rows.length && encoded.rowlen === rowBytes, "zpl-image changed the image's size");
  return `^GFA,${encoded.length},${encoded.length},${encoded.rowlen},${encoded.z64}`;
}

const opaqueWhite = 0xffffffff;
/** Bytes 0, 0, 0, 255 on a little-endian machine, which all supported ones are. */
const opaqueBlack = 0xff000000;

function expand(rows: Uint8Array, widthPixels: number, rowBytes: number): Uint8Array {
  const height = rows.length / rowBytes;
  const pixels = new Uint32Array(widthPixels * height).fill(opaqueWhite);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < widthPixels; x++) {
      const byte = rows[y * rowBytes + (x >> 3)] ?? 0;
      if ((byte & (0x80 >> (x & 7))) !== 0) pixels[y * widthPixels + x] = opaqueBlack;
    }
  }
  return new Uint8Array(pixels.buffer);
}
