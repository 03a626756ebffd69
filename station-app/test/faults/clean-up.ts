import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Undone in any case: also after a test that ran out of time, where a block's own end is never reached. */
export function openResources(): AsyncDisposableStack {
  const resources = new AsyncDisposableStack();
  onTestFinished(() => resources.disposeAsync(), 60_000);
  return resources;
}

const pids = new Set<number>();
process.once("exit", () => {
  for (const pid of pids) endNow(pid);
});

/** A worker that is told to end in the middle takes its processes with it. */
export function endWithUs(pid: number, ended: Promise<unknown>): void {
  pids.add(pid);
  void ended.then(() => pids.delete(pid));
}

function endNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {}
}

/** Mounts and namespaces outlive whoever made them, so their names bear its process id. */
export const ownName = (what: string): string => `waystation-${what}-${process.pid}-`;

/** What a worker left that was killed itself: it had no chance to clean up. */
export function removeStaleMounts(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(/^waystation-disk-(\d+)-/.exec(name)?.[1] ?? process.pid);
    if (owner === process.pid || isAlive(owner)) continue;
    spawnSync("umount", ["-l", join(tmpdir(), name)]);
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
