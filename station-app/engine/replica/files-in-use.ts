import { assert } from "@waystation/shared/failures/assert";
import { carryFormer } from "./carry-former.ts";
import { removeOrderFile, renameSynced } from "./order-files.ts";
import type { LiveFile, OrdersFile, ReplicaFiles } from "./replica-files.ts";
import { type ReplicatedShape, replicatedShapes, type ShapePosition } from "./shape-row.ts";
import type { ShapeWriter } from "./shape-writer.ts";

export type SwapStep =
  | "copied"
  | "begun"
  | "emptied"
  | "complete"
  | "carried"
  | "closed"
  | "renamed"
  | "swapped";

type Options = { readonly signal: AbortSignal; readonly step: (step: SwapStep) => void };

/** The file that serves lookups and, while there is one, the build that takes all changes in its stead. */
export function openFilesInUse(files: ReplicaFiles, { signal, step }: Options) {
  let live: LiveFile = files.openLive();
  let build: OrdersFile | null =
    files.reopenBuild() ?? (live.writer === null ? files.openEmptyBuild() : null);
  let swapping: ReadonlyMap<ReplicatedShape, ShapePosition | undefined> | null = null;

  function current(): ShapeWriter {
    const writer = build?.writer ?? live.writer;
    assert(writer !== null, "a file that is only read has a build beside it");
    return writer;
  }

  return {
    live: () => live,
    build: () => build,
    /** What changes are written to. */
    current,
    position: (shape: ReplicatedShape): ShapePosition | undefined =>
      swapping === null ? current().position(shape) : swapping.get(shape),
    isUpToDate: (shape: ReplicatedShape): boolean => swapping !== null || current().isUpToDate(shape),
    async beginBuild(): Promise<OrdersFile> {
      build ??= await files.copyToBuild(live, signal, () => step("copied"));
      return build;
    },
    /** An empty build in place of any other; the file in use is only read from now on. */
    replaceBuild(): void {
      if (build !== null) {
        build.db.close();
        removeOrderFile(build.path);
      }
      live = { ...live, writer: null };
      build = files.openEmptyBuild();
    },
    /** The build is whole and takes over. */
    async swap(pause: () => Promise<void>): Promise<void> {
      assert(build !== null, "a swap has a build");
      const { db, path, writer } = build;
      if (live.writer !== null) await carryFormer(db, live.path, pause);
      step("carried");
      // Nothing can be asked of a file that is being renamed; nothing is written meanwhile either.
      swapping = new Map(replicatedShapes.map((shape) => [shape, writer.position(shape)]));
      db.close();
      step("closed");
      const number = live.number + 1;
      await renameSynced(path, files.pathOf(number));
      step("renamed");
      const former = live;
      live = { ...files.openWritable(files.pathOf(number)), number };
      build = null;
      swapping = null;
      former.db.close();
      step("swapped");
    },
    close(): void {
      build?.db.close();
      live.db.close();
    },
  };
}
