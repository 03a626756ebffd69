import { readFileSync, statSync } from "node:fs";

/**
 * SQLite reads its write-ahead log up to the first frame whose checksum is wrong and forgets the rest without a word.
 * After a power cut that is right, for only the transaction that was never confirmed can be torn: every commit is synced
 * before the next begins. Two commits behind a bad frame are damage. @returns why, or null.
 */
export function findWalDamage(databasePath: string): string | null {
  const path = `${databasePath}-wal`;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= headerBytes || size > largestReadBytes) return null;
  const wal = readFileSync(path);
  const header = readHeader(wal);
  if (header === null)
    return countCommits(wal, null) > 1 ? "the head of the write-ahead log is unreadable" : null;
  const valid = validFrames(wal, header);
  return countCommits(wal, header, valid) > 1 ? `the write-ahead log is broken after frame ${valid}` : null;
}

const headerBytes = 32;
const frameBytes = 24;
/** The log is emptied long before; a larger one is left to SQLite, so that a start takes no longer than it may. */
const largestReadBytes = 256 << 20;
const usualPageSize = 4096;

type Header = {
  readonly pageSize: number;
  readonly bigEndian: boolean;
  readonly salts: Buffer;
  readonly sums: readonly [number, number];
};

/** File format, section 4.1; null when its own checksum is wrong. */
function readHeader(wal: Buffer): Header | null {
  const magic = wal.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return null;
  const bigEndian = magic === 0x377f0683;
  const sums = addSums(wal, 0, 24, [0, 0], bigEndian);
  if (sums[0] !== wal.readUInt32BE(24) || sums[1] !== wal.readUInt32BE(28)) return null;
  return { pageSize: wal.readUInt32BE(8), bigEndian, salts: wal.subarray(16, 24), sums };
}

function validFrames(wal: Buffer, { pageSize, bigEndian, salts, sums }: Header): number {
  const stride = pageSize + frameBytes;
  let at = headerBytes;
  let now = sums;
  let frames = 0;
  for (; at + stride <= wal.length; at += stride, frames += 1) {
    if (wal.compare(salts, 0, 8, at + 8, at + 16) !== 0) break;
    now = addSums(wal, at, at + 8, now, bigEndian);
    now = addSums(wal, at + frameBytes, at + stride, now, bigEndian);
    if (now[0] !== wal.readUInt32BE(at + 16) || now[1] !== wal.readUInt32BE(at + 20)) break;
  }
  return frames;
}

/** Commits (a frame that names the database's size) of this log's own salts behind the given frame. */
function countCommits(wal: Buffer, header: Header | null, after = 0): number {
  const stride = (header?.pageSize ?? usualPageSize) + frameBytes;
  const salts = header?.salts ?? wal.subarray(headerBytes + 8, headerBytes + 16);
  let commits = 0;
  for (let at = headerBytes + after * stride; at + frameBytes <= wal.length; at += stride) {
    const isOurs = wal.compare(salts, 0, 8, at + 8, at + 16) === 0;
    if (isOurs && wal.readUInt32BE(at) > 0 && wal.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}

function addSums(
  bytes: Buffer,
  from: number,
  to: number,
  [first, second]: readonly [number, number],
  bigEndian: boolean,
): readonly [number, number] {
  let a = first;
  let b = second;
  for (let at = from; at < to; at += 8) {
    const x = bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    const y = bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
    a = (a + x + b) >>> 0;
    b = (b + y + a) >>> 0;
  }
  return [a, b];
}
