import { spawnSync } from "node:child_process";

/** Root's programs are not on everybody's path. */
export const toolFolders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

export type ToolRun = { readonly worked: boolean; readonly output: string; readonly error: string };

/** Never throws: a program that is missing has simply not worked. */
export function runTool(
  name: string,
  args: readonly string[],
  settings: { readonly folder?: string; readonly timeoutMs?: number } = {},
): ToolRun {
  const run = spawnSync(name, args, {
    cwd: settings.folder ?? "/",
    env: { PATH: toolFolders.join(":"), DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
    encoding: "utf8",
    timeout: settings.timeoutMs ?? 60_000,
    maxBuffer: 16 * 1024 * 1024,
  });
  return {
    worked: run.status === 0,
    output: run.stdout ?? "",
    error: run.error?.message ?? (run.stderr ?? "").trim(),
  };
}
