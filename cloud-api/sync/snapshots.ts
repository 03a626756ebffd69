import { type Kysely, sql } from "kysely";
import { createGate } from "../http/gate.ts";
import type { ShapeDefinition } from "./shape-definition.ts";
import { type Chunk, createSpool, type Spool } from "./spool.ts";
import { takeSnapshot } from "./take-snapshot.ts";

/** One reading of a shape's rows, shared by everybody who asks for that shape while it is young. */
export type Snapshot = {
  readonly handle: string;
  readonly hash: string;
  /** The chunk, once it is there; null when the snapshot ends before it, or does not come to be. */
  readonly readChunk: (chunk: number) => Promise<Chunk | null>;
  readonly state: () => "running" | "complete" | "failed" | "outdated";
  readonly lastChunk: () => number;
  /** The newest commit it holds; known from the first chunk on. */
  readonly start: () => number;
  readonly failure: () => unknown;
};

export type SnapshotEnd = { readonly start: number; readonly lastChunk: number };

export type Snapshots = {
  /** The young one of this shape, or a new one. */
  readonly open: (definition: ShapeDefinition) => Snapshot;
  readonly find: (handle: string) => Snapshot | null;
  /** Where a snapshot ended that may be gone from memory; null when nobody knows. */
  readonly findEnd: (handle: string) => Promise<SnapshotEnd | null>;
  /** Whoever has this handle, or an older one of the same shape, must begin again. */
  readonly forget: (hash: string) => void;
  readonly isForgotten: (handle: ShapeHandle) => boolean;
  readonly drop: (handle: string) => void;
  readonly stop: () => Promise<void>;
};

export type SnapshotOptions = {
  readonly folder: string;
  readonly chunkBytes: number;
  /** Bytes of all snapshots on disk; the least recently read go first. */
  readonly maximumBytes: number;
  readonly maximumAgeMs: number;
  /** Bytes of the relation's log so far: a snapshot that its log has outgrown is not handed out again. */
  readonly grownBytes: (relation: string) => number;
  readonly onError: (error: unknown) => void;
  readonly onSpooled: (bytes: number) => void;
};

export type ShapeHandle = { readonly hash: string; readonly taken: number };

/** `{hash}-{microseconds}`; null for what this server cannot have given out. */
export function readHandle(text: string): ShapeHandle | null {
  const match = /^(\d{1,20})-(\d{15,17})$/.exec(text);
  return match === null ? null : { hash: match[1] ?? "", taken: Number(match[2]) };
}

/** Never the same twice, also when the clock stands still or goes back. */
let lastTaken = 0;
function nextTaken(): number {
  lastTaken = Math.max(lastTaken + 1, Date.now() * 1000);
  return lastTaken;
}

type Held = Snapshot & {
  readonly spool: Spool;
  readonly createdAt: number;
  readonly grownAtStart: number;
  usedAt: number;
  readonly cancel: () => void;
};

/** A first sync is heavy; two at once leave the other connections to everybody else. */
const atOnce = 2;
const maximumWaiting = 10_000;
const maximumHeld = 5000;
const smallBytes = 1_000_000;
/** Someone may still be reading chunks of it. */
const idleMs = 120_000;
const maximumForgotten = 10_000;

export function createSnapshots(db: Kysely<unknown>, options: SnapshotOptions): Snapshots {
  /** In the order of their last use, the one used longest ago first: within a millisecond a clock would not know. */
  const byHandle = new Map<string, Held>();
  const newest = new Map<string, Held>();
  const forgotten = new Map<string, number>();
  const gate = createGate({ running: atOnce, waiting: maximumWaiting });
  const sweeping = setInterval(sweep, 30_000).unref();

  function open(definition: ShapeDefinition): Snapshot {
    const found = newest.get(definition.hash);
    if (found !== undefined && isYoung(found, definition)) return touch(found);
    const held = begin(definition);
    newest.set(definition.hash, held);
    touch(held);
    sweep();
    return held;
  }

  function touch(held: Held): Held {
    held.usedAt = Date.now();
    byHandle.delete(held.handle);
    byHandle.set(held.handle, held);
    return held;
  }

  function isYoung(held: Held, { relation }: ShapeDefinition): boolean {
    const state = held.state();
    if (state !== "running" && state !== "complete") return false;
    const grown = options.grownBytes(relation.oid) - held.grownAtStart;
    return (
      Date.now() - held.createdAt < options.maximumAgeMs &&
      grown <= Math.max(smallBytes, held.spool.sizeBytes())
    );
  }

  function begin(definition: ShapeDefinition): Held {
    const handle = `${definition.hash}-${nextTaken()}`;
    const running = runSnapshot(db, definition, handle, options, {
      gate,
      makeRoom: () => makeRoom(handle),
      onFailed: () => drop(handle),
    });
    return {
      ...running,
      handle,
      hash: definition.hash,
      createdAt: Date.now(),
      usedAt: Date.now(),
      grownAtStart: options.grownBytes(definition.relation.oid),
    };
  }

  const find = (handle: string): Snapshot | null => {
    const held = byHandle.get(handle);
    return held === undefined ? null : touch(held);
  };

  async function findEnd(handle: string): Promise<SnapshotEnd | null> {
    const { rows } = await sql<{ start: string; last: string }>`
      select start::text as start, last_chunk::text as last from waystation_shapes.snapshots
      where handle = ${handle}`.execute(db);
    const [row] = rows;
    return row === undefined ? null : { start: Number(row.start), lastChunk: Number(row.last) };
  }

  function drop(handle: string): void {
    const held = byHandle.get(handle);
    if (held === undefined) return;
    byHandle.delete(handle);
    if (newest.get(held.hash) === held) newest.delete(held.hash);
    held.cancel();
    held.spool.remove().catch(options.onError);
    options.onSpooled(totalBytes());
  }

  function sweep(): void {
    const now = Date.now();
    for (const held of [...byHandle.values()]) {
      const replaced = newest.get(held.hash) !== held || now - held.createdAt > options.maximumAgeMs;
      if (replaced && now - held.usedAt > idleMs) drop(held.handle);
    }
    for (const held of [...byHandle.values()]) {
      if (byHandle.size <= maximumHeld) break;
      if (held.state() !== "running") drop(held.handle);
    }
  }

  const totalBytes = (): number =>
    [...byHandle.values()].reduce((sum, { spool }) => sum + spool.sizeBytes(), 0);

  /**
   * False when there is no room even after everything else has gone, and nobody under way is larger: the largest gives
   * way, also while it is still being cleared away, so that whoever wants little does not fail for it.
   */
  function makeRoom(handle: string): boolean {
    let total = totalBytes();
    options.onSpooled(total);
    if (total <= options.maximumBytes) return true;
    for (const held of [...byHandle.values()]) {
      if (total <= options.maximumBytes) return true;
      if (held.handle === handle || held.state() === "running") continue;
      total -= held.spool.sizeBytes();
      drop(held.handle);
    }
    return total <= options.maximumBytes || findLargest() !== handle;
  }

  function findLargest(): string | undefined {
    const running = [...byHandle.values()].filter(({ state }) => state() === "running");
    return running.toSorted((one, other) => other.spool.sizeBytes() - one.spool.sizeBytes())[0]?.handle;
  }

  function forget(hash: string): void {
    for (const held of [...byHandle.values()]) if (held.hash === hash) drop(held.handle);
    forgotten.set(hash, nextTaken());
    for (const oldest of forgotten.keys()) {
      if (forgotten.size <= maximumForgotten) break;
      forgotten.delete(oldest);
    }
  }

  async function stop(): Promise<void> {
    clearInterval(sweeping);
    for (const handle of [...byHandle.keys()]) drop(handle);
  }

  return {
    open,
    find,
    findEnd,
    forget,
    isForgotten: ({ hash, taken }) => taken <= (forgotten.get(hash) ?? 0),
    drop,
    stop,
  };
}

type Shared = {
  readonly gate: ReturnType<typeof createGate>;
  readonly makeRoom: () => boolean;
  readonly onFailed: () => void;
};

type Running = Omit<Held, "handle" | "hash" | "createdAt" | "usedAt" | "grownAtStart">;

function runSnapshot(
  db: Kysely<unknown>,
  definition: ShapeDefinition,
  handle: string,
  options: SnapshotOptions,
  shared: Shared,
): Running {
  const spool = createSpool(options.folder);
  let state: ReturnType<Snapshot["state"]> = "running";
  let start = 0;
  let failure: unknown = null;
  let wanted = true;
  /** Chunks that are there before the last one is. */
  let written = 0;
  let waiting: (() => void)[] = [];
  const wakeReaders = (): void => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };

  async function run(): Promise<void> {
    const reply = await takeSnapshot(db, definition, {
      spool,
      chunkBytes: options.chunkBytes,
      onStart: (number) => (start = number),
      // The last chunk counts only when the whole snapshot does: without its end it would be taken for all rows.
      onChunk: (last) => {
        if (!last) written = spool.count();
        wakeReaders();
      },
      isWanted: () => wanted && shared.makeRoom(),
    });
    if (reply.kind === "complete") {
      await rememberEnd(db, handle, { start, lastChunk: spool.count() - 1 });
      state = "complete";
    } else if (reply.kind === "outdated") state = "outdated";
    else {
      state = "failed";
      failure = new Error("nobody wants the snapshot any more, or there is no room for it");
    }
  }

  shared
    .gate("", async () => ({ ok: true, value: await run() }))
    .then((reply) => {
      if (reply.ok) return;
      state = "failed";
      failure = reply.failure.code;
    })
    .catch((error: unknown) => {
      state = "failed";
      failure = error;
      options.onError(error);
    })
    .finally(() => {
      wakeReaders();
      if (state !== "complete") shared.onFailed();
    });

  const readable = (): number => (state === "running" ? written : state === "complete" ? spool.count() : 0);

  async function readChunk(chunk: number): Promise<Chunk | null> {
    for (;;) {
      if (chunk < readable()) return spool.read(chunk);
      if (state !== "running") return null;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  return {
    spool,
    readChunk,
    state: () => state,
    lastChunk: () => spool.count() - 1,
    start: () => start,
    failure: () => failure,
    cancel: () => (wanted = false),
  };
}

async function rememberEnd(db: Kysely<unknown>, handle: string, end: SnapshotEnd): Promise<void> {
  await sql`insert into waystation_shapes.snapshots (handle, start, last_chunk)
    values (${handle}, ${end.start}, ${end.lastChunk}) on conflict do nothing`.execute(db);
}
