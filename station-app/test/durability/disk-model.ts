import type { DiskEntry } from "./recorder.ts";

export type Random = () => number;

/** Mulberry32: the same cuts for the same seed, on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Unsynced = Extract<DiskEntry, { kind: "write" | "truncate" }>;
type DiskFile = { synced: Buffer; unsynced: Unsynced[] };

const sectorBytes = 512;
const keptShare = 0.5;
const tornShare = 0.25;

/**
 * What a disk may hold after a power cut: everything before a file's last sync, and of the writes after it any
 * half, in any combination, some of them torn between two sectors. Limits: a file is there from its first write
 * and gone with its unlink; lost directory entries are not played.
 */
export function createDisk() {
  const files = new Map<string, DiskFile>();
  const fileOf = (name: string): DiskFile => {
    const known = files.get(name);
    if (known !== undefined) return known;
    const fresh: DiskFile = { synced: Buffer.alloc(0), unsynced: [] };
    files.set(name, fresh);
    return fresh;
  };

  const sync = (file: DiskFile): void => {
    for (const change of file.unsynced) file.synced = put(file.synced, change);
    file.unsynced = [];
  };

  return {
    apply(entry: DiskEntry): void {
      if (entry.kind === "write" || entry.kind === "truncate") fileOf(entry.file).unsynced.push(entry);
      else if (entry.kind === "unlink") files.delete(entry.file);
      else sync(fileOf(entry.file));
    },
    /** Content by file name after a power cut now. */
    cut(random: Random): Map<string, Buffer> {
      const images = new Map<string, Buffer>();
      for (const [name, { synced, unsynced }] of files) {
        let content: Buffer = Buffer.from(synced);
        for (const change of unsynced)
          for (const part of survivors(change, random)) content = put(content, part);
        images.set(name, content);
      }
      return images;
    },
  };
}

/** Nothing, the whole change, or some of its sectors. */
function survivors(change: Unsynced, random: Random): Unsynced[] {
  if (random() >= keptShare) return [];
  if (change.kind === "truncate" || random() >= tornShare) return [change];
  return splitSectors(change).filter(() => random() < keptShare);
}

function splitSectors({ kind, file, offset, data }: Extract<Unsynced, { kind: "write" }>): Unsynced[] {
  const parts: Unsynced[] = [];
  for (let at = 0; at < data.length; ) {
    const end = Math.min(data.length, at + sectorBytes - ((offset + at) % sectorBytes));
    parts.push({ kind, file, offset: offset + at, data: data.subarray(at, end) });
    at = end;
  }
  return parts;
}

/** Zeros where nothing was ever written. */
function put(content: Buffer, change: Unsynced): Buffer {
  if (change.kind === "truncate") return resize(content, change.size);
  const { offset, data } = change;
  const grown = content.length < offset + data.length ? resize(content, offset + data.length) : content;
  data.copy(grown, offset);
  return grown;
}

function resize(content: Buffer, size: number): Buffer {
  if (size <= content.length) return content.subarray(0, size);
  const resized = Buffer.alloc(size);
  content.copy(resized);
  return resized;
}
