import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { describeCause, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { Secret } from "./config/secret.ts";
import { createChangeFeed } from "./db/change-feed.ts";
import { type ChangeListener, listenForChanges } from "./db/listen.ts";
import { maintainShapeLog } from "./sync/maintain-log.ts";
import { openShapeRoutes } from "./sync/open-shapes.ts";
import { defaultShapeOptions, type ShapeServer, startShapeServer } from "./sync/shape-server.ts";

export type ServeShapesOptions = {
  readonly databaseUrl: string;
  /** 0: any free one. Always on the loopback. */
  readonly port: number;
  readonly chunkBytes: number;
  readonly cacheMaxAgeSeconds: number;
  readonly longPollMs: number;
  /** Null: no token is asked for. */
  readonly token: Secret | null;
  readonly logLine: (entry: Readonly<Record<string, string>>) => void;
};

export type RunningShapes = {
  readonly url: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
};

const host = "127.0.0.1";
const maintenanceMs = 600_000;
const maximumHeld = 10_000;

/**
 * Serves the tables of a PostgreSQL database as shapes. In that database it makes a schema of its own and triggers
 * on the tables that somebody follows, nothing else. Fails with port.in-use or database.unreachable.
 */
export async function serveShapes(options: ServeShapesOptions): Promise<Result<RunningShapes>> {
  const stopping = new AbortController();
  const onError = (error: unknown): void => options.logLine({ level: "error", error: describeCause(error) });
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: 10,
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
  pool.on("error", () => undefined);
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const changes = createChangeFeed();
  let listener: ChangeListener | null = null;
  let shapes: ShapeServer | null = null;
  let maintenance: NodeJS.Timeout | undefined;
  const release = async (): Promise<void> => {
    stopping.abort();
    clearInterval(maintenance);
    await shapes?.stop();
    await listener?.stop();
    await kysely.destroy();
  };
  try {
    listener = await listenForChanges(options.databaseUrl, changes);
    const { chunkBytes, longPollMs } = options;
    shapes = await startShapeServer(
      { kysely, changes },
      { ...defaultShapeOptions, chunkBytes, longPollMs, schemaCheckMs: 250, onError },
    );
  } catch (error) {
    await release();
    return fail("database.unreachable", {}, error);
  }
  maintenance = setInterval(() => void maintainShapeLog(kysely).catch(onError), maintenanceMs).unref();
  const { token, cacheMaxAgeSeconds, longPollMs } = options;
  const app = openShapeRoutes({ kysely, changes }, shapes, {
    token,
    cacheMaxAgeSeconds,
    longPollMs,
    maximumHeld,
    stopping: stopping.signal,
    onError,
  });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const listening = await listen(server, options.port);
  if (!listening.ok) {
    await release();
    return listening;
  }
  const stop = async (): Promise<void> => {
    stopping.abort();
    await closeServer(server);
    await release();
  };
  return succeed({ url: `http://${host}:${listening.value}`, port: listening.value, stop });
}

function listen(server: Server, port: number): Promise<Result<number>> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === "EADDRINUSE"
          ? fail("port.in-use", { port, option: "--port" })
          : fail("config.invalid", { reason: `cannot listen on ${host}` }, error),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve(succeed(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

/** Held requests have been told to end; whoever is slow to read is cut off. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), 2000);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Null with `open`. Fails with config.invalid. */
export function readShapesToken(
  environment: Readonly<Record<string, string | undefined>>,
  open: boolean,
): Result<Secret | null> {
  if (open) return succeed(null);
  const { WAYSTATION_SHAPES_TOKEN: text = "" } = environment;
  return text.length >= 16
    ? succeed(new Secret(text))
    : fail("config.invalid", {
        reason: "WAYSTATION_SHAPES_TOKEN needs 16 characters or more (or use --open)",
      });
}
