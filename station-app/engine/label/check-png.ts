import { crc32, inflateSync } from "node:zlib";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";

/** 4 x 6 inches at 600 dpi are 8.6 million. */
export const maximumPngPixels = 10_000_000;
export const maximumPngBytes = 10_000_000;

export type PngSize = { readonly widthPixels: number; readonly heightPixels: number };
type Header = PngSize & { readonly bitsPerPixel: number; readonly interlaced: boolean };

const signature = "89504e470d0a1a0a";
const samplesPerPixel: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Is this a whole PNG of bounded size? (PNG specification, 5 "Datastream structure" and 11.2.) The canvas accepts a
 * file cut in half or with flipped bits and leaves the rest of the picture white, which on a label is a missing
 * barcode. So every chunk's checksum and the length of the inflated pixels are checked first.
 */
export function checkPng(bytes: Uint8Array): Result<PngSize> {
  if (bytes.length > maximumPngBytes) return damaged(`it is larger than ${maximumPngBytes} bytes`);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.toString("hex", 0, 8) !== signature) return damaged("it is not a PNG");
  const chunks = readChunks(file);
  const header = chunks?.[0]?.type === "IHDR" ? readHeader(chunks[0].data) : undefined;
  if (chunks === undefined || header === undefined) return damaged("the PNG is cut off or damaged");
  const pixels = header.widthPixels * header.heightPixels;
  if (pixels < 1 || pixels > maximumPngPixels) return damaged(`the PNG has ${pixels} pixels`);
  const compressed = chunks.filter((chunk) => chunk.type === "IDAT").map((chunk) => chunk.data);
  if (!inflatesTo(Buffer.concat(compressed), countPixelBytes(header)))
    return damaged("its pixels are damaged");
  return succeed({ widthPixels: header.widthPixels, heightPixels: header.heightPixels });
}

const damaged = (reason: string): Result<never> => fail("label.invalid", { reason });

type Chunk = { readonly type: string; readonly data: Buffer };

/** All chunks up to IEND, or undefined when one is cut off or its checksum is wrong. */
function readChunks(file: Buffer): readonly Chunk[] | undefined {
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length || crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end))
      return undefined;
    const type = file.toString("latin1", at + 4, at + 8);
    if (type === "IEND") return chunks;
    chunks.push({ type, data: file.subarray(at + 8, end) });
    at = end + 4;
  }
  return undefined;
}

function readHeader(data: Buffer): Header | undefined {
  const samples = samplesPerPixel[data[9] ?? -1];
  const bits = data[8] ?? 0;
  if (data.length !== 13 || samples === undefined || ![1, 2, 4, 8, 16].includes(bits)) return undefined;
  return {
    widthPixels: data.readUInt32BE(0),
    heightPixels: data.readUInt32BE(4),
    bitsPerPixel: bits * samples,
    interlaced: data[12] === 1,
  };
}

/** Adam7: where each pass starts and how far it steps, in columns and rows. */
const passes = [
  [0, 8, 0, 8],
  [4, 8, 0, 8],
  [0, 4, 4, 8],
  [2, 4, 0, 4],
  [0, 2, 2, 4],
  [1, 2, 0, 2],
  [0, 1, 1, 2],
] as const;

/** Every row has one byte for its filter; a pass without columns has no rows. */
function countPixelBytes({ widthPixels, heightPixels, bitsPerPixel, interlaced }: Header): number {
  let bytes = 0;
  for (const [left, stepX, top, stepY] of interlaced ? passes : ([[0, 1, 0, 1]] as const)) {
    const columns = Math.ceil((widthPixels - left) / stepX);
    const rows = Math.ceil((heightPixels - top) / stepY);
    if (columns > 0 && rows > 0) bytes += rows * (1 + Math.ceil((columns * bitsPerPixel) / 8));
  }
  return bytes;
}

/** A little more than expected is inflated and no further, whatever a bomb would like. */
function inflatesTo(compressed: Buffer, expectedBytes: number): boolean {
  try {
    return inflateSync(compressed, { maxOutputLength: expectedBytes + 1 }).length === expectedBytes;
  } catch {
    return false;
  }
}
