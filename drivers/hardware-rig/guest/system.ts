import { existsSync, readdirSync } from "node:fs";
import { until } from "../../conformance/recorder.ts";
import { runTool } from "../run-tool.ts";

/** One sentence when the kernel has no such module, else null. */
export function loadModules(...names: readonly string[]): string | null {
  const run = runTool("modprobe", ["-a", ...names]);
  return run.worked ? null : run.error;
}

export const pause = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));

/** Numbers of nodes depend on what came before: found by name, never assumed. */
export async function waitForNode(folder: string, pattern: RegExp): Promise<string> {
  const find = () =>
    existsSync(folder) ? readdirSync(folder).find((name) => pattern.test(name)) : undefined;
  await until(() => find() !== undefined, `${folder}/${pattern.source} appears`);
  return `${folder}/${find()}`;
}

/** Of one processor, over this while. */
export async function measureCpuShare(overMs: number): Promise<number> {
  const before = process.cpuUsage();
  const beganMs = performance.now();
  await pause(overMs);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / (performance.now() - beganMs);
}
