import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** A fact found in the bytes of a file: its stored hash stood beside the text and is the hash of it. */
export type FoundFact = {
  readonly logId: string;
  readonly sequence: number;
  readonly text: string;
  readonly hash: string;
};

/** The start of every fact's text; its envelope's keys always stand in this order. */
const opening = Buffer.from('{"stationId":"');
const lastKey = Buffer.from('"previousHash":"');
const hashLength = 64;
const hashBytes = 32;
/** The longest text that is looked for; the wire takes no longer one. */
const longestText = 65_536 * 3;
const chunkBytes = 4 << 20;
const walHeaderBytes = 32;
const frameHeaderBytes = 24;
const usualPageSize = 4096;

/**
 * Every fact of a station whose bytes are still whole, found without trusting the file's structure: each page is read
 * as a table leaf on its own, and what no leaf names any more is looked for as bare text. A text counts only with its
 * own hash beside it, so nothing is invented. The same fact may come more than once (the write-ahead log holds versions).
 * @param path the database; `${path}-wal` is read first when it is there. Neither is written.
 */
export function* findFacts(path: string, stationId: string): Generator<FoundFact> {
  const main = openBytes(path);
  const wal = openBytes(`${path}-wal`);
  try {
    const pageSize = readPageSize(main, wal);
    const readPage = indexPages(main, wal, pageSize);
    if (wal !== null)
      yield* scan(wal, walHeaderBytes + frameHeaderBytes, pageSize, frameHeaderBytes, readPage, stationId);
    if (main !== null) yield* scan(main, 0, pageSize, 0, readPage, stationId);
  } finally {
    main?.close();
    wal?.close();
  }
}

type Bytes = ReturnType<typeof openFile>;
type ReadPage = (number: number) => Buffer | null;

function openBytes(path: string): Bytes | null {
  try {
    return openFile(path);
  } catch {
    return null;
  }
}

function openFile(path: string) {
  const fd = openSync(path, "r");
  return {
    size: fstatSync(fd).size,
    /** Fewer bytes where the file ends; zeros where the disk cannot read. */
    read(at: number, length: number): Buffer {
      const buffer = Buffer.alloc(length);
      try {
        return buffer.subarray(0, readSync(fd, buffer, 0, length, at));
      } catch {
        readBlocks(fd, buffer, at);
        return buffer;
      }
    },
    close: () => closeSync(fd),
  };
}

/** Around a bad block of the disk everything else is still read. */
function readBlocks(fd: number, buffer: Buffer, at: number): void {
  for (let offset = 0; offset < buffer.length; offset += usualPageSize) {
    try {
      readSync(fd, buffer, offset, Math.min(usualPageSize, buffer.length - offset), at + offset);
    } catch {
      // this block stays zero
    }
  }
}

/** From either header; a header that says nonsense is not believed. */
function readPageSize(main: Bytes | null, wal: Bytes | null): number {
  const fromMain = main?.read(16, 2);
  const fromWal = wal?.read(8, 4);
  const said = [
    fromMain?.length === 2 ? fromMain.readUInt16BE(0) : 0,
    fromWal?.length === 4 ? fromWal.readUInt32BE(0) : 0,
  ].map((size) => (size === 1 ? 65_536 : size));
  const isSize = (size: number): boolean => size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
  // Both agree, or one of them says what this product writes; else the product's own size is the best guess.
  if (said.includes(usualPageSize)) return usualPageSize;
  return said.find(isSize) ?? usualPageSize;
}

/** A page by its number for texts that span several: the newest in the write-ahead log, else the file's. */
function indexPages(main: Bytes | null, wal: Bytes | null, pageSize: number): ReadPage {
  const frames = new Map<number, number>();
  const stride = pageSize + frameHeaderBytes;
  for (let at = walHeaderBytes; wal !== null && at + stride <= wal.size; at += stride) {
    const header = wal.read(at, 4);
    if (header.length === 4) frames.set(header.readUInt32BE(0), at + frameHeaderBytes);
  }
  return (number) => {
    if (number < 1) return null;
    const frame = frames.get(number);
    const page =
      frame === undefined ? main?.read((number - 1) * pageSize, pageSize) : wal?.read(frame, pageSize);
    return page?.length === pageSize ? page : null;
  };
}

function* scan(
  bytes: Bytes,
  firstAt: number,
  pageSize: number,
  gap: number,
  readPage: ReadPage,
  stationId: string,
): Generator<FoundFact> {
  const pagesPerChunk = Math.max(1, Math.floor(chunkBytes / (pageSize + gap)));
  const step = pagesPerChunk * (pageSize + gap);
  // Texts that begin in one chunk and end in the next: each chunk is read with a tail of the next one.
  for (let at = firstAt; at < bytes.size; at += step) {
    const chunk = bytes.read(at, step + longestText);
    const known = new Set<number>();
    for (let offset = 0; offset < step && offset < chunk.length; offset += pageSize + gap)
      yield* readLeaf(chunk.subarray(offset, offset + pageSize), offset, {
        pageSize,
        readPage,
        stationId,
        known,
      });
    yield* findTexts(chunk, step, known, stationId);
  }
}

type LeafContext = {
  readonly pageSize: number;
  readonly readPage: ReadPage;
  readonly stationId: string;
  /** Where in the chunk texts were read already. */
  readonly known: Set<number>;
};

const tableLeaf = 0x0d;

function* readLeaf(page: Buffer, pageAt: number, context: LeafContext): Generator<FoundFact> {
  if (page.length < 8 || page[0] !== tableLeaf) return;
  const cells = Math.min(page.readUInt16BE(3), (page.length - 8) >> 1);
  for (let cell = 0; cell < cells; cell += 1) {
    const at = page.readUInt16BE(8 + cell * 2);
    const payload = readPayload(page, at, context);
    const found = payload === null ? null : readRecord(payload.bytes);
    if (payload === null || found === null) continue;
    const fact = proveFact(found.text, found.hash, context.stationId);
    if (fact === null) continue;
    context.known.add(pageAt + payload.at + found.textAt);
    yield fact;
  }
}

/** The record of a cell, gathered from its overflow pages where it has some (file format, section 1.6). */
function readPayload(
  page: Buffer,
  cellAt: number,
  { pageSize, readPage }: LeafContext,
): { readonly bytes: Buffer; readonly at: number } | null {
  const size = readVarint(page, cellAt);
  const rowid = size === null ? null : readVarint(page, size.next);
  if (size === null || rowid === null || size.value < 40 || size.value > longestText) return null;
  const at = rowid.next;
  const most = pageSize - 35;
  if (size.value <= most)
    return at + size.value <= page.length ? { bytes: page.subarray(at, at + size.value), at } : null;
  const least = Math.floor(((pageSize - 12) * 32) / 255) - 23;
  const spill = least + ((size.value - least) % (pageSize - 4));
  const local = spill > most ? least : spill;
  if (at + local + 4 > page.length) return null;
  const parts = [page.subarray(at, at + local)];
  let missing = size.value - local;
  let next = page.readUInt32BE(at + local);
  while (missing > 0) {
    const overflow = readPage(next);
    if (overflow === null) return null;
    const part = overflow.subarray(4, 4 + Math.min(missing, pageSize - 4));
    parts.push(part);
    missing -= part.length;
    next = overflow.readUInt32BE(0);
  }
  return { bytes: Buffer.concat(parts), at };
}

/** A text that opens like a fact, and the blob of 32 bytes in the column after it. */
function readRecord(
  record: Buffer,
): { readonly text: Buffer; readonly textAt: number; readonly hash: Buffer } | null {
  const header = readVarint(record, 0);
  if (header === null || header.value > 32 || header.value > record.length) return null;
  let at = header.value;
  let text: { readonly from: number; readonly to: number } | null = null;
  for (let next = header.next; next < header.value; ) {
    const type = readVarint(record, next);
    if (type === null) return null;
    next = type.next;
    const size = sizeOf(type.value);
    const isHash = type.value === 12 + 2 * hashBytes;
    if (isHash && text !== null && at + size <= record.length)
      return {
        text: record.subarray(text.from, text.to),
        textAt: text.from,
        hash: record.subarray(at, at + size),
      };
    const isText = type.value >= 13 && type.value % 2 === 1 && record.indexOf(opening, at) === at;
    text = isText && at + size <= record.length ? { from: at, to: at + size } : null;
    at += size;
  }
  return null;
}

const integerSizes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];
const sizeOf = (type: number): number => integerSizes[type] ?? Math.floor((type - 12) / 2);

/** Up to nine bytes, high bits first; what does not fit into a safe number is no size of ours. */
function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } | null {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return null;
    if (index === 8) return { value: value * 256 + byte, next: at + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return null;
}

/** Texts whose page no longer says where they are: in the file the hash follows the text at once. */
function* findTexts(
  chunk: Buffer,
  within: number,
  known: ReadonlySet<number>,
  stationId: string,
): Generator<FoundFact> {
  for (let at = chunk.indexOf(opening); at >= 0 && at < within; at = chunk.indexOf(opening, at + 1)) {
    if (known.has(at)) continue;
    const limit = Math.min(chunk.length, at + longestText);
    for (
      let key = chunk.indexOf(lastKey, at);
      key >= 0 && key < limit;
      key = chunk.indexOf(lastKey, key + 1)
    ) {
      const end = key + lastKey.length + hashLength + 2;
      if (chunk[end - 1] !== 0x7d || chunk[end - 2] !== 0x22) continue;
      const fact = proveFact(chunk.subarray(at, end), chunk.subarray(end, end + hashBytes), stationId);
      if (fact !== null) yield fact;
      break;
    }
  }
}

const place = /^\{"stationId":("(?:[^"\\]|\\.)*"),"logId":("(?:[^"\\]|\\.)*"),"sequence":(\d{1,15}),/;

function proveFact(bytes: Buffer, stored: Buffer, stationId: string): FoundFact | null {
  const hex = stored.toString("hex");
  if (hash("sha256", bytes, "hex") !== hex) return null;
  const text = bytes.toString("utf8");
  const found = place.exec(text);
  if (found?.[1] === undefined || found[2] === undefined) return null;
  if (JSON.parse(found[1]) !== stationId) return null;
  return { logId: JSON.parse(found[2]) as string, sequence: Number(found[3]), text, hash: hex };
}
