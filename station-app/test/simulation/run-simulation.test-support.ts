import { execFile } from "node:child_process";
import { constants, setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RunResult } from "./run.ts";

export type Told = RunResult & { readonly seconds: number; readonly cpuSeconds: number };

/**
 * One run in a process of its own, for it replaces the ground under everything in it. With `yielding` it takes only
 * the processor time nobody else wants: its clock is its own, and its neighbours' may not be.
 */
export async function simulate(
  options: Readonly<Record<string, string | number>>,
  { yielding = false } = {},
): Promise<Told> {
  const script = fileURLToPath(new URL("./sim.ts", import.meta.url));
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const run = promisify(execFile)(process.execPath, [script, ...args, "--json", "--no-shrink"], {
    maxBuffer: 256 << 20,
  });
  if (yielding && run.child.pid !== undefined) setPriority(run.child.pid, constants.priority.PRIORITY_LOW);
  // With findings it ends with 1 and tells them all the same.
  const { stdout, stderr } = await run.catch((error: unknown) => error as { stdout: string; stderr: string });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the simulator broke: ${args.join(" ")}: ${stderr}`);
  return JSON.parse(line) as Told;
}
