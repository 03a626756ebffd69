import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineEnvironment, engineExecArgv } from "../engine/config/runtime.ts";
import { startChild } from "./child.ts";

const entry = fileURLToPath(new URL("../engine/entry.ts", import.meta.url));

/** The real engine with this configuration, started as `waystation start` starts it. */
export function startEngineChild(config: { readonly dataDir: string }, env: NodeJS.ProcessEnv = {}) {
  const configPath = join(config.dataDir, "engine.json");
  writeFileSync(configPath, JSON.stringify(config));
  return startChild([...engineExecArgv, entry, configPath], { ...engineEnvironment(config.dataDir), ...env });
}
