import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { type Result, succeed } from "@waystation/shared/failures/result";
import { createApp } from "./app.ts";
import type { CloudConfig } from "./config/cloud-config.ts";
import { scheduleBackups } from "./db/backup-schedule.ts";
import { connectDatabase, type Database, type DatabaseConfig } from "./db/connect.ts";
import type { CloudDeps } from "./http/cloud-env.ts";
import { describeError } from "./http/describe-error.ts";
import { closeServer, listen } from "./http/listen.ts";
import { createMetrics } from "./http/metrics.ts";
import { type Job, runJobs } from "./jobs/run-jobs.ts";
import { startCheckThread, type UploadChecker } from "./modules/ingest/check-thread.ts";
import { keepUpFacts } from "./modules/ingest/upkeep.ts";
import { eraseExpired } from "./modules/retention/erase-expired.ts";
import { maintainShapeLog } from "./sync/maintain-log.ts";

export type RunningCloud = {
  readonly url: string;
  readonly port: number;
  /** For use cases called in the same process: import, registration, counts. */
  readonly database: Database;
  /** Lets held requests go, takes the last backup, closes the database. */
  readonly stop: () => Promise<void>;
};

type LogLine = CloudDeps["logLine"];

/**
 * Starts the cloud in this process. The port is taken first, so that a wrong one is known before the database
 * is opened; requests that come meanwhile get 503. Fails with port.in-use, data.in-use, store.damaged,
 * cloud.disk-full, database.newer, database.unreachable or config.invalid.
 */
export async function startCloud(
  config: CloudConfig,
  logLine: LogLine = () => undefined,
): Promise<Result<RunningCloud>> {
  let app: ReturnType<typeof createApp> | null = null;
  const server = createAdaptorServer({
    fetch: (request, env) => app?.fetch(request, env) ?? replyStarting(),
  }) as Server;
  // An import may take longer than Node's five minutes.
  server.requestTimeout = 3_600_000;
  const listening = await listen(server, config);
  if (!listening.ok) return listening;
  const database = await connectDatabase(chooseDatabase(config), (error) =>
    logLine({
      level: "error",
      event: "the database broke off, it is opened again",
      error: describeError(error),
    }),
  );
  if (!database.ok) {
    await closeServer(server, 0);
    return database;
  }
  if (database.value.restored)
    logLine({ level: "warning", event: "the database was restored from a backup" });

  const cloud = assembleCloud(database.value, config, logLine);
  app = cloud.app;
  const stop = async (): Promise<void> => {
    // Held requests answer at once, the others get their time; then nobody writes any more.
    cloud.release();
    const isCut = await closeServer(server, config.stopGraceMs);
    if (isCut) logLine({ level: "warning", event: "requests were cut off after the grace" });
    await cloud.stop();
    await database.value.close();
    logLine({ level: "info", event: "stopped" });
  };
  const port = listening.value;
  return succeed({
    url: `http://${formatHost(config.host)}:${port}`,
    port,
    database: database.value,
    stop: once(stop),
  });
}

export type Cloud = {
  readonly app: ReturnType<typeof createApp>;
  /** Held requests answer at once. */
  readonly release: () => void;
  /** Ends the jobs and takes the last backup. */
  readonly stop: () => Promise<void>;
};

/** Everything of the cloud but its port, over a database that is open. */
export function assembleCloud(
  database: Database,
  config: CloudConfig,
  logLine: LogLine,
  checker: UploadChecker = startCheckThread({ isRoomy: config.databaseUrl !== undefined }),
): Cloud {
  const stopping = new AbortController();
  const backups = scheduleBackups(database, config.backupIntervalMs, (error) =>
    logLine({ level: "error", event: "backup failed", error: describeError(error) }),
  );
  // What was restored is not on the newest synced copy yet.
  if (database.restored) backups.request();
  const deps: CloudDeps = {
    database,
    config,
    stopping: stopping.signal,
    requestBackup: backups.request,
    takeBackup: backups.takeNow,
    lastBackupAtMs: backups.lastAtMs,
    checkUpload: checker.check,
    logLine,
    metrics: createMetrics({ ofProcess: true }),
  };
  const jobs = runJobs(listJobs(deps), deps);
  return {
    app: createApp(deps),
    release: () => stopping.abort(),
    stop: async () => {
      await jobs.stop();
      await backups.stop();
      await checker.stop();
    },
  };
}

const chooseDatabase = ({ databaseUrl, dataDir }: CloudConfig): DatabaseConfig =>
  databaseUrl === undefined
    ? { kind: "folder", path: dataDir }
    : { kind: "postgres", url: databaseUrl.reveal() };

const replyStarting = (): Response => new Response(null, { status: 503, headers: { "retry-after": "2" } });

const minuteMs = 60_000;

/** What the cloud does by itself. */
function listJobs(deps: CloudDeps): readonly Job[] {
  const { kysely } = deps.database;
  return [
    { name: "shape-log", everyMs: 10 * minuteMs, run: () => maintainShapeLog(kysely) },
    { name: "facts", everyMs: 24 * 60 * minuteMs, run: () => keepUpFacts(kysely, new Date()) },
    { name: "retention", everyMs: 24 * 60 * minuteMs, run: (signal) => eraseExpired(deps, signal) },
  ];
}

const formatHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);

function once(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= task();
    return running;
  };
}
