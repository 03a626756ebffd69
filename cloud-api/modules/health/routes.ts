import { Hono } from "hono";
import { type HealthReply, supportedWireVersions } from "@waystation/shared/wire/cloud-http";
import { fail } from "@waystation/shared/failures/result";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { checkReadiness } from "./check-readiness.ts";
import { maySeeInside } from "./may-see-inside.ts";
import { collectMeasurements } from "./measurements.ts";

export function healthRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const healthy: HealthReply = { status: "ok", wireVersions: [...supportedWireVersions] };
  const measurements = collectMeasurements(deps);

  routes.get("/livez", (context) => context.json(healthy));
  routes.get("/readyz", async (context) => {
    const readiness = await checkReadiness(deps);
    if (!readiness.ok) return replyFailure(context, readiness.failure);
    context.header("cache-control", "no-store");
    return context.json(maySeeInside(deps, context) ? { ...healthy, ...readiness.value } : healthy);
  });
  routes.get("/metrics", async (context) => {
    if (!maySeeInside(deps, context)) {
      const code = deps.config.metricsToken === undefined ? "access.forbidden" : "access.unauthenticated";
      return replyFailure(context, fail(code).failure);
    }
    context.header("cache-control", "no-store");
    context.header("content-type", deps.metrics.contentType);
    return context.body(await measurements());
  });
  return routes;
}
