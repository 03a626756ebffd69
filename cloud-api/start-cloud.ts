import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { describeCause, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { createApp } from "./app.ts";
import type { CloudConfig } from "./config/cloud-config.ts";
import { type BackupSchedule, scheduleBackups } from "./db/backup-schedule.ts";
import { connectDatabase, type Database } from "./db/connect.ts";
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

/** Starts the cloud in this process. Fails with data.in-use, store.damaged, database.unreachable or port.in-use. */
export async function startCloud(config: CloudConfig, logLine: LogLine = () => undefined): Promise<Result<RunningCloud>> {
  const database = await connectDatabase(
    config.databaseUrl === undefined
      ? { kind: "folder", path: config.dataDir }
      : { kind: "postgres", url: config.databaseUrl.reveal() },
  );
  if (!database.ok) return database;
  if (database.value.restored) logLine({ level: "warning", event: "restored the last backup after a power cut" });

  const stopping = new AbortController();
  const backups = scheduleBackups(database.value, config.backupIntervalMs, (error) =>
    logLine({ level: "error", event: "backup failed", error: describeCause(error) }),
  );
  const maintenance = startMaintenance(database.value, logLine);
  const app = createApp({ database: database.value, config, stopping: stopping.signal, requestBackup: backups.request, logLine });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // An import may take longer than Node's five minutes.
  server.requestTimeout = 3_600_000;

  const stop = async (): Promise<void> => {
    stopping.abort();
    clearInterval(maintenance);
    await closeServer(server);
    await closeDatabase(database.value, backups);
  };
  const listening = await listen(server, config);
  if (!listening.ok) {
    clearInterval(maintenance);
    await closeDatabase(database.value, backups);
    return listening;
  }
  const port = listening.value;
  return succeed({ url: `http://${formatHost(config.host)}:${port}`, port, database: database.value, stop: once(stop) });
}

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
      resolve(inUse ? fail("port.in-use", { port, option: "WAYSTATION_CLOUD_PORT" }) : fail("config.invalid", { reason: `cannot listen on ${host}` }, error));
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

async function closeDatabase(database: Database, backups: BackupSchedule): Promise<void> {
  await backups.stop();
  await database.close();
}

const formatHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);

function once(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= task();
    return running;
  };
}
