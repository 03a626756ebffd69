import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

const root = join(import.meta.dirname, "../../..");
/** What the processes that tests start are made of. */
const compiled = [
  "drivers/twins/registry.ts",
  "station-app/engine/edge/engine.ts",
  "station-app/engine/core/core.ts",
  "station-app/engine/replica/follow-shapes.ts",
  "station-app/engine/replica/order-replica.ts",
  "station-app/cli/program.ts",
  "cloud-api/start-cloud.ts",
];

/** Run by vitest once: a folder for what the files of this run make once and share, and sources compiled once. */
export function setup({ config }: TestProject): (() => Promise<void>) | undefined {
  // Each project of the configuration asks for it.
  if (process.env.WAYSTATION_TEST_TEMPLATES !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "waystation-templates-"));
  process.env.WAYSTATION_TEST_TEMPLATES = folder;
  const compiling = compileSources(String(config.env.NODE_COMPILE_CACHE));
  return async () => {
    await compiling;
    rmSync(folder, { recursive: true, force: true });
  };
}

/**
 * A process leaves what it compiled to the next only when it ends by itself; engines that are killed never do. Only
 * a convenience: whatever happens here, the tests compile what they need.
 */
function compileSources(cache: string): Promise<void> {
  if (existsSync(cache)) return Promise.resolve();
  const script = `for (const path of ${JSON.stringify(compiled)}) await import(${JSON.stringify(`${root}/`)} + path); process.exit(0);`;
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  return new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", script], { env, timeout: 120_000 }, () =>
      resolve(),
    );
  });
}
