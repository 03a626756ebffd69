import { statfs } from "node:fs/promises";
import { type Failure, fail } from "@waystation/shared/failures/result";
import type { EngineConfig } from "../config/engine-config.ts";

/** enough: nothing to say; low: people are warned; none: no new parcel is taken. */
export type Room = "enough" | "low" | "none";
/** `freeBytes` null: nothing is known yet. */
export type DiskState = { readonly room: Room; readonly freeBytes: number | null };

export type DiskWatchOptions = {
  readonly limits: Pick<EngineConfig["disk"], "warnBelowMegabytes" | "refuseBelowMegabytes">;
  /** Rejects where the disk does not say. */
  readonly readFree: () => Promise<number>;
  /** At each change of the room, and while it is low each time the free megabytes change. */
  readonly onChange: (state: DiskState) => void;
  readonly everyMs?: number;
};

/** At full speed a belt writes about two megabytes in this time. */
const usualEveryMs = 10_000;
/** Room counts as regained only well above the limit, or a lane would stop and go with every file somebody moves. */
const regained = 1.1;

/** Looks at the free space before it is gone. What the disk does not say changes nothing. */
export function startDiskWatch({ limits, readFree, onChange, everyMs = usualEveryMs }: DiskWatchOptions) {
  let state: DiskState = { room: "enough", freeBytes: null };
  let ended = false;

  async function look(): Promise<DiskState> {
    const freeBytes = await readFree().catch(() => null);
    if (freeBytes === null || ended) return state;
    const room = judgeRoom(freeBytes, limits, state.room);
    const isNews =
      room !== state.room || (room !== "enough" && toMegabytes(freeBytes) !== toMegabytes(state.freeBytes));
    state = { room, freeBytes };
    if (isNews) onChange(state);
    return state;
  }

  const timer = setInterval(() => void look(), everyMs);
  return {
    look,
    state: () => state,
    stop(): void {
      ended = true;
      clearInterval(timer);
    },
  };
}

const order: readonly Room[] = ["none", "low", "enough"];

function judgeRoom(freeBytes: number, limits: DiskWatchOptions["limits"], before: Room): Room {
  const at = (factor: number): Room => {
    if (freeBytes < limits.refuseBelowMegabytes * 1e6 * factor) return "none";
    return freeBytes < limits.warnBelowMegabytes * 1e6 * factor ? "low" : "enough";
  };
  const [strict, eager] = [at(regained), at(1)];
  // Down at the limit itself, up only well above it.
  if (order.indexOf(eager) < order.indexOf(before)) return eager;
  return order.indexOf(strict) > order.indexOf(before) ? strict : before;
}

const toMegabytes = (bytes: number | null): number => Math.floor((bytes ?? 0) / 1e6);

/** @param folder any on the disk that is meant. */
export async function readFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** What the screen says of it; nothing while there is enough. */
export function describeRoom(
  { room, freeBytes }: DiskState,
  { refuseBelowMegabytes }: DiskWatchOptions["limits"],
): readonly Failure[] {
  if (room === "none") return [fail("store.nearly-full").failure];
  if (room === "enough") return [];
  return [fail("store.low", { freeMegabytes: toMegabytes(freeBytes), refuseBelowMegabytes }).failure];
}
