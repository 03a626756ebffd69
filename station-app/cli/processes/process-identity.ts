import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * A process number is given again after a while; together with the moment its process began it names one process
 * for good. Null when no such process runs (or it just ended).
 */
export function readProcessIdentity(pid: number): string | null {
  if (!isAlive(pid)) return null;
  if (process.platform === "linux") return readLinuxIdentity(pid);
  if (process.platform === "win32") return `pid ${pid}`;
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() === "" ? null : stdout.trim();
}

/** Kills only the very process that was started, never a stranger that got its number. */
export const isSameProcess = (known: { readonly pid: number; readonly identity: string }): boolean =>
  readProcessIdentity(known.pid) === known.identity;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function readLinuxIdentity(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // proc(5): the name in brackets may hold anything; after it come the state (field 3) ... start time (field 22).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return null;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`;
  } catch {
    return null;
  }
}
