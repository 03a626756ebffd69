import { deflateSync } from "node:zlib";
import { assert } from "@waystation/shared/failures/assert";
import type { Bitmap, ImageBand } from "@waystation/shared/label/label-document";

/** `^GF` counts bytes from 1 to 99999 and clamps the rest (ZPL II Programming Guide, ^GF): taller images are cut. */
const maximumBandBytes = 99_999;

/**
 * A bitmap as one or more `^GFA` commands with Z64 data (zlib, base64, CRC-16): where it lies and what is white stay
 * as they are, so that a carrier's margins do too.
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
    bands.push({ yOffsetDots: top, command: encodeBand(band, rowBytes) });
  }
  return bands;
}

/** Level 6: level 9 takes eight times as long for a sixtieth fewer bytes on a label. */
const compressionLevel = 6;

function encodeBand(rows: Uint8Array, rowBytes: number): string {
  const base64 = deflateSync(rows, { level: compressionLevel }).toString("base64");
  return `^GFA,${rows.length},${rows.length},${rowBytes},:Z64:${base64}:${checksum(base64)}`;
}

/** CRC-16 with polynomial 1021, start 0, over the base64 text (ZPL II Programming Guide, "Z64 encoding"). */
function checksum(text: string): string {
  let crc = 0;
  for (let at = 0; at < text.length; at += 1)
    crc = ((crc << 8) & 0xffff) ^ (crcTable[(crc >> 8) ^ text.charCodeAt(at)] ?? 0);
  return crc.toString(16).padStart(4, "0");
}

const crcTable = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc & 0xffff;
});
