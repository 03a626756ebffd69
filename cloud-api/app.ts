import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { fail } from "@waystation/shared/failures/result";
import { explainTrouble } from "./db/explain-trouble.ts";
import type { CloudDeps, CloudEnv } from "./http/cloud-env.ts";
import { consoleRoutes } from "./http/console-files.ts";
import { describeError } from "./http/describe-error.ts";
import { docsRoutes } from "./http/docs-page.ts";
import { replyFailure } from "./http/failure-reply.ts";
import { backUpChanges } from "./http/request-backup.ts";
import { setFixedHeaders } from "./http/fixed-headers.ts";
import { logRequests, routeOf } from "./http/request-log.ts";
import { accessRoutes } from "./modules/access/routes.ts";
import { backupRoutes } from "./modules/backups/routes.ts";
import { channelRoutes } from "./modules/channels/routes.ts";
import { customerRoutes } from "./modules/customers/routes.ts";
import { healthRoutes } from "./modules/health/routes.ts";
import { ingestRoutes } from "./modules/ingest/routes.ts";
import { orderRoutes } from "./modules/orders/routes.ts";
import { overviewRoutes } from "./modules/overview/routes.ts";
import { peopleRoutes } from "./modules/people/routes.ts";
import { retentionRoutes } from "./modules/retention/routes.ts";
import { stationRoutes } from "./modules/stations/routes.ts";
import { shapeRoutes } from "./sync/routes.ts";

/** The whole HTTP side of the cloud; tests call `createApp(deps).request()`. */
export function createApp(deps: CloudDeps): Hono<CloudEnv> {
  const app = new Hono<CloudEnv>();
  app.use(logRequests(deps));
  app.use(setFixedHeaders);
  app.use(backUpChanges(deps));
  for (const routes of [
    healthRoutes,
    accessRoutes,
    stationRoutes,
    peopleRoutes,
    customerRoutes,
    ingestRoutes,
    orderRoutes,
    channelRoutes,
    shapeRoutes,
    overviewRoutes,
    retentionRoutes,
    backupRoutes,
  ])
    app.route("/", routes(deps));
  app.route("/", docsRoutes());
  app.route("/", consoleRoutes(fileURLToPath(new URL("./dist/console", import.meta.url))));

  app.notFound((context) =>
    replyFailure(context, fail("resource.unknown", { path: context.req.path.slice(0, 200) }).failure),
  );
  app.onError((error, context) => {
    deps.logLine({
      level: "error",
      event: "request failed",
      requestId: context.get("requestId"),
      method: context.req.method,
      route: routeOf(context),
      error: describeError(error),
    });
    return replyFailure(context, explainTrouble(error) ?? fail("cloud.faulted").failure);
  });
  return app;
}
