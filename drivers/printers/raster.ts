import { assert } from "@waystation/shared/failures/assert";
import { encodeText } from "../kit/text.ts";

/** One bit a dot, 1 = black, highest bit leftmost, every row begun on a byte. */
export type Bitmap = {
  readonly widthDots: number;
  readonly heightDots: number;
  readonly rows: Uint8Array;
};
export type Place = { readonly xDots: number; readonly yDots: number };
export const rasterLanguages = ["tspl", "epl", "cpcl", "cpcl-hex", "escpos"] as const;
export type RasterLanguage = (typeof rasterLanguages)[number];

const largestDots = 65_535;

/** The picture as one drawing command. What prints it is `encodeRasterLabel`. */
export function encodeBitmap(language: RasterLanguage, bitmap: Bitmap, place: Place): Uint8Array {
  const { heightDots } = bitmap;
  const stride = countStride(bitmap);
  const { xDots: x, yDots: y } = place;
  // where 0 is black the dots that fill up a row's last byte have to be 1
  const inverted = () => clearPadding(bitmap).map((byte) => byte ^ 0xff);
  const plain = () => clearPadding(bitmap);
  switch (language) {
    case "tspl":
      return join([`BITMAP ${x},${y},${stride},${heightDots},0,`, inverted(), "\r\n"]);
    case "epl":
      return join([`GW${x},${y},${stride},${heightDots},`, inverted(), "\r\n"]);
    case "cpcl":
      return join([`CG ${stride} ${heightDots} ${x} ${y} `, plain(), "\r\n"]);
    case "cpcl-hex":
      return join([`EG ${stride} ${heightDots} ${x} ${y} ${toHex(plain())}\r\n`]);
    case "escpos":
      return encodeEscpos(bitmap, x);
  }
}

/** A label of nothing but the picture, printed once. Label size and gap are the printer's setting. */
export function encodeRasterLabel(language: RasterLanguage, bitmap: Bitmap): Uint8Array {
  const picture = encodeBitmap(language, bitmap, { xDots: 0, yDots: 0 });
  if (language === "tspl") return join(["CLS\r\n", picture, "PRINT 1\r\n"]);
  if (language === "epl") return join(["\r\nN\r\n", picture, "P1\r\n"]);
  if (language === "escpos") return join(["\u001b@", picture, "\u001dV\u0000"]);
  const { widthDots, heightDots } = bitmap;
  const begin = `! 0 200 200 ${heightDots} 1\r\nPAGE-WIDTH ${widthDots}\r\n`;
  return join([begin, picture, "FORM\r\nPRINT\r\n"]);
}

/** No place to print at: white bytes on the left move the picture, to the nearest byte below. */
function encodeEscpos(bitmap: Bitmap, xDots: number): Uint8Array {
  const { heightDots } = bitmap;
  const stride = countStride(bitmap);
  const left = Math.floor(xDots / 8);
  const wide = left + stride;
  const rows = new Uint8Array(wide * heightDots);
  const dots = clearPadding(bitmap);
  for (let row = 0; row < heightDots; row += 1) {
    rows.set(dots.subarray(row * stride, (row + 1) * stride), row * wide + left);
  }
  const header = [0x1d, 0x76, 0x30, 0, wide & 0xff, wide >> 8, heightDots & 0xff, heightDots >> 8];
  return join([Uint8Array.from(header), rows]);
}

function countStride({ widthDots, heightDots, rows }: Bitmap): number {
  const stride = Math.ceil(widthDots / 8);
  const isSize = (dots: number) => Number.isInteger(dots) && dots > 0 && dots <= largestDots;
  assert(isSize(widthDots) && isSize(heightDots), `a bitmap of ${widthDots} x ${heightDots} dots`);
  assert(rows.length === stride * heightDots, `${rows.length} bytes for ${widthDots} x ${heightDots} dots`);
  return stride;
}

/** A copy whose dots beyond the width are white, whatever the caller left there. */
function clearPadding(bitmap: Bitmap): Uint8Array {
  const stride = countStride(bitmap);
  const rest = bitmap.widthDots % 8;
  const mask = rest === 0 ? 0xff : (0xff << (8 - rest)) & 0xff;
  return bitmap.rows.map((byte, at) => (at % stride === stride - 1 ? byte & mask : byte));
}

const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("");

function join(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) => (typeof part === "string" ? encodeText(part) : part));
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
