import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, statfsSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownName, removeStaleMounts } from "./clean-up.ts";

/** Why no file system of a given size can be had here; null: it can. */
export const smallDiskMissing: string | null =
  process.getuid?.() === 0 && canMount() ? null : "skipped: mounting a small file system needs root";

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "waystation-mount-"));
  try {
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
    if (mounted) execFileSync("umount", [folder]);
    return mounted;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export type SmallDisk = ReturnType<typeof openSmallDisk>;

/** A file system of its own that is really full when it is full, and gets larger when room is made. */
export function openSmallDisk(resources: AsyncDisposableStack, sizeBytes: number) {
  removeStaleMounts();
  const folder = mkdtempSync(join(tmpdir(), ownName("disk")));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", folder]);
  // Lazily: a process that is still ending must not keep it.
  resources.defer(() => void spawnSync("umount", ["-l", folder]));
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  const filler = join(folder, "filler");
  return {
    folder,
    freeBytes,
    /** Somebody else's file takes all but so much. */
    fill(leftBytes: number): void {
      const size = statSync(filler, { throwIfNoEntry: false })?.size ?? 0;
      const more = freeBytes() - leftBytes;
      // Cut and never written anew: others write here, too, and might take the room in between.
      if (more <= 0) return size > 0 ? truncateSync(filler, Math.max(0, size + more)) : undefined;
      try {
        appendFileSync(filler, Buffer.alloc(more));
      } catch (error) {
        // They took some of the last bytes first.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    makeRoom: (): void => rmSync(filler, { force: true }),
  };
}
