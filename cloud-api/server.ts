import { setFlagsFromString } from "node:v8";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { readCloudConfig } from "./config/read-cloud-config.ts";
import { describeError } from "./http/describe-error.ts";
import { createLogger } from "./http/logger.ts";
import { startCloud } from "./start-cloud.ts";

const sameKeyPressMs = 700;

/**
 * The cloud as a process of its own: `node cloud-api/server.ts`, configured by the environment (README.md).
 * One JSON line on standard output says where it listens, or why it does not; the log goes to standard error.
 */
const config = readCloudConfig(process.env);
// With the embedded database in this process the heap has to stay small: 400 MB at its peak instead of 480 MB with
// 40,000 orders, 20,000 facts and two full shapes. It costs processor time that a PostgreSQL's cloud need not pay.
if (config.ok && config.value.databaseUrl === undefined) setFlagsFromString("--heap-growing-percent=20");
const logger = createLogger(config.ok ? config.value.logLevel : "info");
const starting = config.ok ? startCloud(config.value, logger.write) : Promise.resolve(config);
listenForSignals();

const cloud = await starting;
if (cloud.ok) {
  writeLine({ event: "ready", url: cloud.value.url, port: cloud.value.port, pid: process.pid });
} else {
  writeLine({ event: "failed", failure: cloud.failure, message: describeFailure(cloud.failure) });
  logger.flush();
  process.exitCode = 1;
}

/** The first signal ends the cloud in order, a second one at once. One Ctrl-C may arrive twice, by shell and by npm. */
function listenForSignals(): void {
  let firstAtMs: number | null = null;
  const onSignal = (): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      void stop();
    } else if (performance.now() - firstAtMs > sameKeyPressMs) end(1);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, onSignal);
}

/** A signal during the start waits for it: half a start cannot be stopped clean. */
async function stop(): Promise<void> {
  const started = await starting;
  try {
    if (started.ok) await started.value.stop();
    end(process.exitCode ?? 0);
  } catch (error) {
    logger.write({ level: "error", event: "the stop failed", error: describeError(error) });
    end(1);
  }
}

function end(code: number | string): never {
  logger.flush();
  process.exit(code);
}

function writeLine(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
