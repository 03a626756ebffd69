import { setTimeout as sleep } from "node:timers/promises";
import { describeCause } from "@waystation/shared/failures/result";
import { isDamage, isFullDisk } from "../core/database-damage.ts";

export type WriteQueue = ReturnType<typeof createWriteQueue>;

export type WriteQueueOptions = {
  readonly signal: AbortSignal;
  readonly onFullDisk: (isFull: boolean) => void;
  /** The file written to is damaged: what was to be written is dropped. */
  readonly onDamage: (reason: string) => void;
};

/** How long before a disk that was full is tried again. */
export const fullDiskMs = 10_000;

/**
 * Everything that writes to the replica's files, one after the other. An epoch is the time from one rebuild to the
 * next: what a stream of an earlier one still brings is dropped. Work that finds the disk full waits and is done again.
 */
export function createWriteQueue({ signal, onFullDisk, onDamage }: WriteQueueOptions) {
  let epoch = 0;
  let tail: Promise<unknown> = Promise.resolve();

  /** False: again, once the disk has room. */
  async function attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      onFullDisk(false);
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      if (isFullDisk(error) || isNoSpace(error)) {
        onFullDisk(true);
        await sleep(fullDiskMs, undefined, { signal }).catch(() => undefined);
        return false;
      }
      if (!isDamage(error)) throw error;
      onDamage(describeCause(error));
      return true;
    }
  }

  return {
    epoch: () => epoch,
    beginEpoch(): void {
      epoch += 1;
    },
    /** Resolves when the work is done or dropped. */
    run(workEpoch: number, work: () => Promise<void>): Promise<void> {
      const done = tail.then(async () => {
        while (!signal.aborted && workEpoch === epoch) if (await attempt(work)) return;
      });
      tail = done;
      return done;
    },
  };
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOSPC";
