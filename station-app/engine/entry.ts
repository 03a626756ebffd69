import { describeFailure } from "@waystation/shared/failures/catalog";
import type { Failure } from "@waystation/shared/failures/result";
import { appVersion } from "./config/app-version.ts";
import { loadEngineConfig } from "./config/engine-config.ts";
import { describeStartFailure, type Engine, startEngine } from "./edge/engine.ts";
import { connectParent, type Parent } from "./edge/parent.ts";

/**
 * Runs the engine: `entry.ts CONFIG.json`. Its parent is a terminal or supervisor that reads JSON lines and sends
 * SIGTERM, or the desktop shell that hands over a port for its screen.
 */
async function main(configPath: string | undefined, parent: Parent): Promise<void> {
  const config = loadEngineConfig(configPath ?? "");
  if (!config.ok) return giveUp(parent, config.failure);
  const started = await startEngine(config.value, { appVersion, onFatal }).catch((error: unknown) => ({
    ok: false as const,
    failure: describeStartFailure(error),
  }));
  if (!started.ok) return giveUp(parent, started.failure);
  const engine: Engine = started.value;
  const stopping = Promise.withResolvers<void>();
  parent.onStop(stopping.resolve);
  parent.onScreen(engine.attachPort);
  parent.ready(engine.url);
  await stopping.promise;
  await engine.stop();
  parent.stopped();
  process.exit(0);
}

/** A bug or a disk that cannot be trusted: end at once, be started again, replay. */
function onFatal(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(70);
}

function giveUp(parent: Parent, failure: Failure): void {
  parent.failed(failure);
  process.stderr.write(`${describeFailure(failure)}\n`);
  process.exitCode = 1;
}

await main(process.argv[2], connectParent());
