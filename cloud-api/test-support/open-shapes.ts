import type { Hono } from "hono";
import { sql } from "kysely";
import { Secret } from "../config/secret.ts";
import type { Database } from "../db/connect.ts";
import { openShapeRoutes } from "../sync/open-shapes.ts";
import {
  defaultShapeOptions,
  type ShapeServer,
  type ShapeServerOptions,
  startShapeServer,
} from "../sync/shape-server.ts";
import { withoutTables } from "../sync/untyped-database.ts";

export type OpenShapes = {
  readonly app: Hono;
  readonly server: ShapeServer;
  /** GET /v1/shape with these parameters. */
  readonly get: (query: Record<string, string> | string, init?: RequestInit) => Promise<Response>;
  /** Statements between semicolons, in one transaction. */
  readonly run: (text: string) => Promise<void>;
  readonly errors: unknown[];
  readonly stop: () => Promise<void>;
};

/** Any table of a database as shapes, without a socket. */
export async function openShapes(
  database: Database,
  options: Partial<ShapeServerOptions> & { readonly token?: string } = {},
): Promise<OpenShapes> {
  const kysely = withoutTables(database.kysely);
  const stopping = new AbortController();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const all = { ...defaultShapeOptions, longPollMs: 400, schemaCheckMs: 100, onError, ...options };
  const shapes = { kysely, changes: database.changes };
  const server = await startShapeServer(shapes, all);
  const app = openShapeRoutes(shapes, server, {
    token: options.token === undefined ? null : new Secret(options.token),
    cacheMaxAgeSeconds: 60,
    longPollMs: all.longPollMs,
    maximumHeld: 1000,
    stopping: stopping.signal,
    onError,
  });
  return {
    app,
    server,
    errors,
    get: async (query, init) => app.request(`/v1/shape?${new URLSearchParams(query)}`, init),
    run: (text) =>
      kysely.transaction().execute(async (tx) => {
        for (const statement of text.split(";")) await sql.raw(statement).execute(tx);
      }),
    stop: async () => {
      stopping.abort();
      await server.stop();
    },
  };
}
