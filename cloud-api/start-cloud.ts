import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { describeCause, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { createApp } from "./app.ts";
import type { CloudConfig } from "./config/cloud-config.ts";
import { scheduleBackups } from "./db/backup-schedule.ts";
import { connectDatabase, type Database, type DatabaseConfig } from "./db/connect.ts";
import type { CloudDeps } from "./http/cloud-env.ts";
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
 * database.unreachable or config.invalid.
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
  const database = await connectDatabase(chooseDatabase(config));
  if (!database.ok) {
    await closeServer(server);
    return database;
  }
  if (database.value.restored)
    logLine({ level: "warning", event: "restored the last backup after a power cut" });

  const stopping = new AbortController();
  const backups = scheduleBackups(database.value, config.backupIntervalMs, (error) =>
    logLine({ level: "error", event: "backup failed", error: describeCause(error) }),
  );
  const maintenance = startMaintenance(database.value, logLine);
  app = createApp({
    database: database.value,
    config,
    stopping: stopping.signal,
    requestBackup: backups.request,
    logLine,
  });
  const stop = async (): Promise<void> => {
    stopping.abort();
    clearInterval(maintenance);
    await closeServer(server);
    await backups.stop();
    await database.value.close();
  };
  const port = listening.value;
  return succeed({
    url: `http://${formatHost(config.host)}:${port}`,
    port,
    database: database.value,
    stop: once(stop),
  });
}

const chooseDatabase = ({ databaseUrl, dataDir }: CloudConfig): DatabaseConfig =>
  databaseUrl === undefined
    ? { kind: "folder", path: dataDir }
    : { kind: "postgres", url: databaseUrl.reveal() };

const replyStarting = (): Response => new Response(null, { status: 503, headers: { "retry-after": "2" } });

const maintenanceMs = 600_000;

function startMaintenance(database: Database, logLine: LogLine): NodeJS.Timeout {
  const run = (): void => {
    maintainShapeLog(database.kysely).catch((error: unknown) =>
      logLine({ level: "error", event: "maintenance failed", error: describeCause(error) }),
    );
  };
  return setInterval(run, maintenanceMs).unref();
}

function listen(server: Server, { host, port }: CloudConfig): Promise<Result<number>> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      resolve(
        inUse
          ? fail("port.in-use", { port, option: "WAYSTATION_CLOUD_PORT" })
          : fail("config.invalid", { reason: `cannot listen on ${host}` }, error),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(succeed(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

/** Running requests get a moment to end; whoever holds a connection longer is cut off and will resend. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), 3000);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}

const formatHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);

function once(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= task();
    return running;
  };
}
