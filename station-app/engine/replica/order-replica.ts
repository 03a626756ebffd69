import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { assert } from "@waystation/shared/failures/assert";
import { describeCause, type Failure } from "@waystation/shared/failures/result";
import { isDamage, isFullDisk } from "../core/database-damage.ts";
import { openReadOnly, type Sqlite } from "../core/open-database.ts";
import { carryFormer } from "./carry-former.ts";
import { type OpenedOrders, openOrders } from "./open-orders.ts";
import {
  buildPath,
  copyPath,
  listOrderFiles,
  orderFilePath,
  removeOrderFile,
  renameSynced,
} from "./order-files.ts";
import { createReplicaTroubles } from "./replica-troubles.ts";
import { type ReplicatedShape, replicatedShapes, type ShapeChange, type ShapePosition } from "./shape-row.ts";
import { createShapeWriter, type ShapeWriter } from "./shape-writer.ts";

export type OrderReplica = ReturnType<typeof openOrderReplica>;

export type OrderReplicaOptions = {
  /** ".../orders.db"; see order-files.ts for what lies beside it. */
  readonly basePath: string;
  /** Another file is in use now; the former one stays until `release` says that nobody reads it. */
  readonly onFile: (path: string) => void;
  /** What an operator should know of the orders; null: nothing. */
  readonly onTrouble: (failure: Failure | null) => void;
  /** Every stream has to begin again where `position` says now. */
  readonly onRestart: () => void;
  readonly signal: AbortSignal;
  /** Tests only: a named step of a swap was passed. */
  readonly onStep?: (step: SwapStep) => void;
};

export type SwapStep =
  | "copied"
  | "begun"
  | "emptied"
  | "complete"
  | "carried"
  | "closed"
  | "renamed"
  | "swapped";

type File = { readonly db: Sqlite; readonly path: string; readonly writer: ShapeWriter };
/** What serves lookups. `writer` is null when the file is damaged or of another version: it is read until it is replaced. */
type Live = {
  readonly db: Sqlite;
  readonly path: string;
  readonly number: number;
  readonly writer: ShapeWriter | null;
};

/** Free beyond what a build may need: the facts must never find a full disk because orders came. */
const reserveBytes = 256_000_000;
const fullDiskMs = 10_000;

/**
 * The replica's files. Changes go into the file in use until the cloud asks for a refetch (or the file is damaged);
 * then they go into a build beside it, which takes over when every shape was up to date in it. Everything that
 * writes runs one after the other; a stream is held back by the promise it gets.
 */
export function openOrderReplica(options: OrderReplicaOptions) {
  const { basePath, signal } = options;
  const step = options.onStep ?? (() => undefined);
  const pause = (): Promise<void> => nextTurn(undefined, { signal });
  const troubles = createReplicaTroubles(options.onTrouble);
  removeOrderFile(copyPath(basePath));
  let live = openLive();
  let build = openBuild();
  let swapping: ReadonlyMap<ReplicatedShape, ShapePosition | undefined> | null = null;
  let epoch = 0;
  let tail: Promise<unknown> = Promise.resolve();

  /** The highest number is in use, lower ones were left by a swap. When none opens, an empty one takes their place. */
  function openLive(): Live {
    const found = listOrderFiles(basePath);
    const number = found[0]?.number ?? 0;
    for (const { path } of found.length > 0 ? found : [{ path: basePath }]) {
      const opened = openOrders(path);
      if (opened.damage !== null) troubles.rebuilding(opened.damage);
      if (opened.db !== null) {
        for (const other of found) if (other.path !== path) removeOrderFile(other.path);
        const writer = trust(opened);
        // A swap brings only whole files: this one began empty in the place of a damaged one.
        if (number > 0 && writer?.isComplete() === false) troubles.rebuilding("it is not whole yet");
        return { db: opened.db, path, number, writer };
      }
    }
    for (const { path } of found) removeOrderFile(path);
    return openEmpty(number + 1);
  }

  /** Null when the file is only good for reading until another one takes over. */
  function trust(opened: Extract<OpenedOrders, { schema: unknown }>): ShapeWriter | null {
    if (opened.schema === "foreign") troubles.rebuilding("it is of another version");
    const whole = opened.damage === null && opened.schema === "ready";
    return whole ? createShapeWriter(opened.db, troubles.row) : null;
  }

  function openEmpty(number: number): Live {
    const file = openWritable(orderFilePath(basePath, number));
    return { ...file, number };
  }

  function openWritable(path: string): File {
    const { db, damage } = openOrders(path);
    assert(db !== null && damage === null, `a new replica file opens (${damage})`);
    return { db, path, writer: createShapeWriter(db, troubles.row) };
  }

  /** A build that was under way goes on. A damaged one is thrown away, and so is one that nothing led to. */
  function openBuild(): File | null {
    const path = buildPath(basePath);
    if (existsSync(path)) {
      const opened = openOrders(path);
      if (opened.db !== null && opened.damage === null && opened.schema === "ready")
        return { db: opened.db, path, writer: createShapeWriter(opened.db, troubles.row) };
      opened.db?.close();
    }
    removeOrderFile(path);
    return live.writer === null ? openWritable(path) : null;
  }

  const current = (): ShapeWriter => {
    const writer = build?.writer ?? live.writer;
    assert(writer !== null, "a file that is only read has a build beside it");
    return writer;
  };

  /** One after the other; what a stream of an earlier epoch still brings is dropped. */
  function queue(streamEpoch: number, work: () => Promise<void>): Promise<void> {
    const done = tail.then(async () => {
      while (!signal.aborted && streamEpoch === epoch) if (await attempt(work)) return;
    });
    tail = done;
    return done;
  }

  /** False: again, once the disk has room. */
  async function attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      troubles.fullDisk(false);
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      if (isFullDisk(error) || isNoSpace(error)) {
        troubles.fullDisk(true);
        await sleep(fullDiskMs, undefined, { signal }).catch(() => undefined);
        return false;
      }
      if (!isDamage(error)) throw error;
      rebuild(describeCause(error));
      return true;
    }
  }

  /** Everything comes again into an empty build; the file in use is read as far as it can be. */
  function rebuild(reason: string): void {
    troubles.rebuilding(reason);
    if (build !== null) {
      build.db.close();
      removeOrderFile(build.path);
    }
    live = { ...live, writer: null };
    build = openWritable(buildPath(basePath));
    epoch += 1;
    options.onRestart();
  }

  /** The file in use, copied a few pages at a time; the shape that starts over is then emptied in the copy. */
  async function beginBuild(): Promise<File> {
    const copy = copyPath(basePath);
    await waitForRoom(live.path);
    removeOrderFile(copy);
    await live.db.backup(copy, { progress: () => copiedPages });
    step("copied");
    await renameSynced(copy, buildPath(basePath));
    return openWritable(buildPath(basePath));
  }

  async function waitForRoom(path: string): Promise<void> {
    for (;;) {
      const { bavail, bsize } = await statfs(dirname(path));
      if (bavail * bsize > statSync(path).size * 1.5 + reserveBytes) return troubles.fullDisk(false);
      troubles.fullDisk(true);
      await sleep(fullDiskMs, undefined, { signal });
    }
  }

  async function startOver(shape: ReplicatedShape): Promise<void> {
    await sleep(troubles.refetched(shape), undefined, { signal });
    build ??= await beginBuild();
    build.writer.startOver(shape);
    step("begun");
    await build.writer.clear(pause);
    step("emptied");
  }

  async function take(
    shape: ReplicatedShape,
    changes: readonly ShapeChange[],
    position: ShapePosition,
    upToDate: boolean,
  ): Promise<void> {
    await current().applyInPieces(shape, changes, position, upToDate, pause);
    if (!upToDate) return;
    troubles.arrived(shape);
    if (build === null && current().isComplete()) troubles.complete();
    await swapWhenComplete();
  }

  async function swapWhenComplete(): Promise<void> {
    if (build === null || !build.writer.isComplete()) return;
    step("complete");
    if (live.writer !== null) await carryFormer(build.db, live.path, pause);
    step("carried");
    const { path, writer } = build;
    // Nothing can be asked of a file that is being renamed; nothing is written meanwhile either.
    swapping = new Map(replicatedShapes.map((shape) => [shape, writer.position(shape)]));
    build.db.close();
    step("closed");
    const number = live.number + 1;
    const next = orderFilePath(basePath, number);
    await renameSynced(path, next);
    step("renamed");
    const former = live;
    live = { ...openWritable(next), number };
    build = null;
    swapping = null;
    former.db.close();
    step("swapped");
    troubles.complete();
    options.onFile(next);
  }

  return {
    epoch: () => epoch,
    path: () => live.path,
    position: (shape: ReplicatedShape): ShapePosition | undefined =>
      swapping === null ? current().position(shape) : swapping.get(shape),
    /** The shape was up to date at least once since it began. */
    isUpToDate: (shape: ReplicatedShape): boolean => swapping !== null || current().isUpToDate(shape),
    /** Changes and the offset behind them in one transaction; resolves when they are in, also after a wait for room. */
    apply: (
      streamEpoch: number,
      shape: ReplicatedShape,
      changes: readonly ShapeChange[],
      position: ShapePosition,
      upToDate: boolean,
    ): Promise<void> => queue(streamEpoch, () => take(shape, changes, position, upToDate)),
    /** The cloud asked to start this shape over; resolves when it may ask again. */
    refetch: (streamEpoch: number, shape: ReplicatedShape): Promise<void> =>
      queue(streamEpoch, () => startOver(shape)),
    /** Finishes what a crash cut short; before the first stream. */
    resume: (): Promise<void> =>
      queue(epoch, async () => {
        await build?.writer.clear(pause);
        await swapWhenComplete();
      }),
    /** A reader met damage in the file at `path`. */
    reportDamage(path: string, reason: string): void {
      if (path === live.path && live.writer !== null) void queue(epoch, async () => rebuild(reason));
    },
    /** Nobody reads any other file than this any more. */
    release(path: string): void {
      if (path !== live.path) return;
      for (const file of listOrderFiles(basePath)) if (file.path !== path) removeOrderFile(file.path);
    },
    openReader: (): Sqlite => openReadOnly(live.path),
    close(): void {
      build?.db.close();
      live.db.close();
    },
  };
}

/** Pages of 4 KiB between two turns of the event loop: about a millisecond. */
const copiedPages = 256;

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOSPC";
