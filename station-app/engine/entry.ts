import { appVersion } from "./config/app-version.ts";
import { loadEngineConfig } from "./config/engine-config.ts";
import { describeStartFailure, startEngine } from "./edge/engine.ts";
import { describeFailure } from "@waystation/shared/failures/catalog";
import type { Failure } from "@waystation/shared/failures/result";

/** Runs the engine headless: `entry.ts CONFIG.json`. Prints one JSON line when ready; SIGTERM ends it cleanly. */
async function main(configPath: string | undefined): Promise<void> {
  const config = loadEngineConfig(configPath ?? "");
  if (!config.ok) return giveUp(config.failure);
  const engine = await startEngine(config.value, { appVersion, onFatal }).catch((error: unknown) => ({ ok: false as const, failure: describeStartFailure(error) }));
  if (!engine.ok) return giveUp(engine.failure);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void engine.value.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, url: engine.value.url })}\n`);
}

/** A bug or a disk that cannot be trusted: end at once, be started again, replay. */
function onFatal(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(70);
}

function giveUp(failure: Failure): void {
  process.stdout.write(`${JSON.stringify({ ready: false, failure })}\n`);
  process.stderr.write(`${describeFailure(failure)}\n`);
  process.exit(1);
}

await main(process.argv[2]);
