import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { assert } from "@waystation/shared/failures/assert";
import type { Sqlite } from "../core/open-database.ts";
import { type OpenedOrders, openOrders } from "./open-orders.ts";
import {
  buildPath,
  copyPath,
  listOrderFiles,
  orderFilePath,
  removeOrderFile,
  renameSynced,
} from "./order-files.ts";
import type { ReplicaTroubles } from "./replica-troubles.ts";
import { createShapeWriter, type ShapeWriter } from "./shape-writer.ts";
import { fullDiskMs } from "./write-queue.ts";

/** A file that takes changes. */
export type OrdersFile = { readonly db: Sqlite; readonly path: string; readonly writer: ShapeWriter };

/** What serves lookups. `writer` is null when the file is damaged or of another version: it is read until it is replaced. */
export type LiveFile = {
  readonly db: Sqlite;
  readonly path: string;
  readonly number: number;
  readonly writer: ShapeWriter | null;
};

export type ReplicaFiles = ReturnType<typeof openReplicaFiles>;

/** Free beyond what a build may need: the facts must never find a full disk because orders came. */
const reserveBytes = 256_000_000;
/** Pages of 4 KiB between two turns of the event loop: about a millisecond. */
const copiedPages = 256;

/** Opens, makes and copies the files beside `basePath`; which of them is written to is not decided here. */
export function openReplicaFiles(basePath: string, troubles: ReplicaTroubles) {
  const createWriter = (db: Sqlite): ShapeWriter => createShapeWriter(db, troubles.row);

  /** The highest number is in use, lower ones were left by a swap. When none opens, an empty one takes their place. */
  function openLive(): LiveFile {
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
    return { ...openWritable(orderFilePath(basePath, number + 1)), number: number + 1 };
  }

  /** Null when the file is only good for reading until another one takes over. */
  function trust(opened: Extract<OpenedOrders, { schema: unknown }>): ShapeWriter | null {
    if (opened.schema === "foreign") troubles.rebuilding("it is of another version");
    return opened.damage === null && opened.schema === "ready" ? createWriter(opened.db) : null;
  }

  function openWritable(path: string): OrdersFile {
    const { db, damage } = openOrders(path);
    assert(db !== null && damage === null, `a new replica file opens (${damage})`);
    return { db, path, writer: createWriter(db) };
  }

  /** A build that was under way; null when there is none, or none that is worth going on with. */
  function reopenBuild(): OrdersFile | null {
    const path = buildPath(basePath);
    if (existsSync(path)) {
      const opened = openOrders(path);
      if (opened.db !== null && opened.damage === null && opened.schema === "ready")
        return { db: opened.db, path, writer: createWriter(opened.db) };
      opened.db?.close();
    }
    removeOrderFile(path);
    return null;
  }

  return {
    openLive,
    openWritable,
    reopenBuild,
    openEmptyBuild: (): OrdersFile => openWritable(buildPath(basePath)),
    /** A build that begins as a copy of the file in use, copied a few pages at a time. */
    async copyToBuild(live: LiveFile, signal: AbortSignal, onCopied: () => void): Promise<OrdersFile> {
      const copy = copyPath(basePath);
      await waitForRoom(live.path, troubles, signal);
      removeOrderFile(copy);
      await live.db.backup(copy, { progress: () => copiedPages });
      onCopied();
      await renameSynced(copy, buildPath(basePath));
      return openWritable(buildPath(basePath));
    },
    pathOf: (number: number): string => orderFilePath(basePath, number),
    /** All but the one at `path`. */
    removeOthers(path: string): void {
      for (const file of listOrderFiles(basePath)) if (file.path !== path) removeOrderFile(file.path);
    },
  };
}

/** For another file of this one's size, and what must stay free. */
async function waitForRoom(path: string, troubles: ReplicaTroubles, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { bavail, bsize } = await statfs(dirname(path));
    if (bavail * bsize > statSync(path).size * 1.5 + reserveBytes) return troubles.fullDisk(false);
    troubles.fullDisk(true);
    await sleep(fullDiskMs, undefined, { signal });
  }
}
