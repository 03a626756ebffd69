import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Failure } from "@waystation/shared/failures/result";
import { openReadOnly, type Sqlite } from "../core/open-database.ts";
import { openFilesInUse, type SwapStep } from "./files-in-use.ts";
import { copyPath, removeOrderFile } from "./order-files.ts";
import { openReplicaFiles } from "./replica-files.ts";
import { createReplicaTroubles } from "./replica-troubles.ts";
import type { ReplicatedShape, ShapeChange, ShapePosition } from "./shape-row.ts";
import type { ShapeWriter } from "./shape-writer.ts";
import { createWriteQueue } from "./write-queue.ts";

export type OrderReplica = {
  /** What a stream says with all it brings, so that nothing of it gets into a later build. */
  readonly epoch: () => number;
  readonly path: () => string;
  readonly position: (shape: ReplicatedShape) => ShapePosition | undefined;
  /** The shape was up to date at least once since it began. */
  readonly isUpToDate: (shape: ReplicatedShape) => boolean;
  /** Changes and the offset behind them in one transaction; resolves when they are in, also after a wait for room. */
  readonly apply: (
    streamEpoch: number,
    shape: ReplicatedShape,
    changes: readonly ShapeChange[],
    position: ShapePosition,
    upToDate: boolean,
  ) => Promise<void>;
  /** The cloud asked to start this shape over; resolves when it may ask again. */
  readonly refetch: (streamEpoch: number, shape: ReplicatedShape) => Promise<void>;
  /** Finishes what a crash cut short; before the first stream. */
  readonly resume: () => Promise<void>;
  /** A reader met damage in the file at `path`. */
  readonly reportDamage: (path: string, reason: string) => void;
  /** Nobody reads any other file than this any more. */
  readonly release: (path: string) => void;
  readonly openReader: () => Sqlite;
  readonly close: () => void;
};

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

export type { SwapStep };

/**
 * The replica's files. Changes go into the file in use until the cloud asks for a refetch (or the file is damaged);
 * then they go into a build beside it, which takes over when every shape was up to date in it. Everything that
 * writes runs one after the other; a stream is held back by the promise it gets.
 */
export function openOrderReplica(options: OrderReplicaOptions): OrderReplica {
  const { basePath, signal } = options;
  const step = options.onStep ?? (() => undefined);
  const pause = (): Promise<void> => nextTurn(undefined, { signal });
  const troubles = createReplicaTroubles(options.onTrouble);
  const queue = createWriteQueue({ signal, onFullDisk: troubles.fullDisk, onDamage: rebuild });
  removeOrderFile(copyPath(basePath));
  const stored = openReplicaFiles(basePath, troubles);
  const files = openFilesInUse(stored, { signal, step });

  /** Everything comes again into an empty build; the file in use is read as far as it can be. */
  function rebuild(reason: string): void {
    troubles.rebuilding(reason);
    files.replaceBuild();
    queue.beginEpoch();
    options.onRestart();
  }

  async function startOver(shape: ReplicatedShape): Promise<void> {
    await sleep(troubles.refetched(shape), undefined, { signal });
    const { writer } = await files.beginBuild();
    writer.startOver(shape);
    step("begun");
    await writer.clear(pause);
    step("emptied");
  }

  async function take(
    shape: ReplicatedShape,
    apply: (writer: ShapeWriter) => Promise<void>,
    upToDate: boolean,
  ) {
    await apply(files.current());
    if (!upToDate) return;
    troubles.arrived(shape);
    if (files.build() === null && files.current().isComplete()) troubles.complete();
    await swapWhenComplete();
  }

  async function swapWhenComplete(): Promise<void> {
    if (files.build()?.writer.isComplete() !== true) return;
    step("complete");
    await files.swap(pause);
    troubles.complete();
    options.onFile(files.live().path);
  }

  return {
    epoch: queue.epoch,
    path: () => files.live().path,
    position: files.position,
    isUpToDate: files.isUpToDate,
    apply: (streamEpoch, shape, changes, position, upToDate) =>
      queue.run(streamEpoch, () =>
        take(shape, (writer) => writer.applyInPieces(shape, changes, position, upToDate, pause), upToDate),
      ),
    refetch: (streamEpoch, shape) => queue.run(streamEpoch, () => startOver(shape)),
    resume: () =>
      queue.run(queue.epoch(), async () => {
        await files.build()?.writer.clear(pause);
        await swapWhenComplete();
      }),
    reportDamage(path, reason): void {
      const live = files.live();
      if (path === live.path && live.writer !== null)
        void queue.run(queue.epoch(), async () => rebuild(reason));
    },
    release(path): void {
      if (path === files.live().path) stored.removeOthers(path);
    },
    openReader: () => openReadOnly(files.live().path),
    close: files.close,
  };
}
