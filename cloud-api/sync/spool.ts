import { type FileHandle, mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";

/** A Buffer that owns its memory, or shares it with other Buffers only. */
export type Chunk = Buffer<ArrayBuffer>;

/** Chunks of one snapshot: in memory while they are few bytes, then in a file. */
export type Spool = {
  readonly append: (chunk: Chunk) => Promise<void>;
  readonly read: (chunk: number) => Promise<Chunk>;
  readonly count: () => number;
  readonly sizeBytes: () => number;
  readonly remove: () => Promise<void>;
};

const memoryBytes = 512_000;

export function createSpool(folder: string): Spool {
  const places: { at: number; length: number }[] = [];
  let memory: Chunk[] | null = [];
  let file: FileHandle | null = null;
  let size = 0;
  let removed = false;
  let readers = 0;

  async function append(chunk: Chunk): Promise<void> {
    if (memory !== null && size + chunk.length <= memoryBytes) memory.push(chunk);
    else await write(chunk);
    places.push({ at: size, length: chunk.length });
    size += chunk.length;
  }

  async function write(chunk: Chunk): Promise<void> {
    file ??= await openNameless(folder);
    for (const [place, kept] of (memory ?? []).entries()) await writeAll(file, kept, places[place]?.at ?? 0);
    memory = null;
    await writeAll(file, chunk, size);
  }

  async function read(chunk: number): Promise<Chunk> {
    const kept = memory?.[chunk];
    if (kept !== undefined) return kept;
    const place = places[chunk];
    if (place === undefined || file === null || removed) throw new Error("the chunk is gone");
    readers += 1;
    try {
      const buffer = Buffer.allocUnsafe(place.length);
      for (let done = 0; done < place.length; ) {
        const { bytesRead } = await file.read(buffer, done, place.length - done, place.at + done);
        if (bytesRead === 0) throw new Error("the spool file ends early");
        done += bytesRead;
      }
      return buffer;
    } finally {
      readers -= 1;
      if (removed && readers === 0) await close();
    }
  }

  async function close(): Promise<void> {
    const open = file;
    file = null;
    await open?.close();
  }

  async function remove(): Promise<void> {
    removed = true;
    memory = null;
    if (readers === 0) await close();
  }

  return { append, read, remove, count: () => places.length, sizeBytes: () => size };
}

/** The name goes at once, so that a killed process leaves no file behind. */
async function openNameless(parent: string): Promise<FileHandle> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(parent, "shape-snapshot-"));
  const file = await open(join(folder, "chunks"), "wx+", 0o600);
  await rm(folder, { recursive: true, force: true });
  return file;
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
