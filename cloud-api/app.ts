import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { sql } from "kysely";
import { type HealthReply, supportedWireVersions } from "@waystation/shared/wire/cloud-http";
import { describeCause, fail } from "@waystation/shared/failures/result";
import type { CloudDeps, CloudEnv } from "./http/cloud-env.ts";
import { consoleRoutes } from "./http/console-files.ts";
import { replyFailure } from "./http/failure-reply.ts";
import { channelRoutes } from "./modules/channels/routes.ts";
import { ingestRoutes } from "./modules/ingest/routes.ts";
import { orderRoutes } from "./modules/orders/routes.ts";
import { overviewRoutes } from "./modules/overview/routes.ts";
import { stationRoutes } from "./modules/stations/routes.ts";
import { shapeRoutes } from "./sync/routes.ts";

/** The whole HTTP side of the cloud; tests call `createApp(deps).request()`. */
export function createApp(deps: CloudDeps): Hono<CloudEnv> {
  const app = new Hono<CloudEnv>();
  // Transport security belongs to the proxy that ends TLS; here the cloud speaks plain HTTP on loopback.
  app.use(secureHeaders({ crossOriginEmbedderPolicy: false, strictTransportSecurity: false }));
  const healthy: HealthReply = { status: "ok", wireVersions: [...supportedWireVersions] };
  app.get("/livez", (context) => context.json(healthy));
  app.get("/readyz", async (context) => {
    try {
      await sql`select 1`.execute(deps.database.kysely);
      return context.json(healthy);
    } catch (error) {
      return replyFailure(context, fail("database.unreachable", {}, error).failure);
    }
  });
  for (const routes of [stationRoutes, ingestRoutes, orderRoutes, channelRoutes, shapeRoutes, overviewRoutes])
    app.route("/", routes(deps));
  app.route("/", consoleRoutes(fileURLToPath(new URL("./dist/console", import.meta.url))));

  app.notFound((context) =>
    replyFailure(context, fail("resource.unknown", { path: context.req.path.slice(0, 200) }).failure),
  );
  app.onError((error, context) => {
    // Neither headers nor query nor body: they may hold tokens and addresses.
    deps.logLine({
      level: "error",
      method: context.req.method,
      route: context.req.path.slice(0, 200),
      error: describeCause(error),
    });
    return replyFailure(context, fail("cloud.faulted").failure);
  });
  return app;
}
