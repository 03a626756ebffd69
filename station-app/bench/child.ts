import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** A process of ours that says when it is ready with one JSON line. */
export async function startChild(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; ready: Record<string, unknown> }> {
  const child = spawn(process.execPath, argv, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    child.once("exit", (code) => reject(new Error(`${argv[0]} ended with ${code} before it was ready`)));
  });
  return { child, ready: JSON.parse(ready) as Record<string, unknown> };
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.stdin?.end();
  child.kill("SIGTERM");
  await ended;
}

/** Resident memory of a process now and at its highest, in megabytes (10^6 bytes), as Linux counts it. */
export function readMemory(child: ChildProcess): {
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
} {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const megabytes = (field: string): number =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { residentMegabytes: megabytes("VmRSS"), peakMegabytes: megabytes("VmHWM") };
}

/** Processor time of a process so far, in user and system mode, all threads; a tick is a hundredth of a second. */
export function readProcessorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
