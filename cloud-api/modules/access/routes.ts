import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { listAudit } from "./audit.ts";
import { requireTenantPermission } from "./guard.ts";

export function accessRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  routes.get("/v1/console/audit", requireTenantPermission(deps, "audit.read"), async (context) => {
    const after = context.req.query("after")?.slice(0, 20) ?? null;
    context.header("cache-control", "no-store");
    return context.json(await listAudit(deps.database.kysely, context.get("scope").tenantId, after));
  });
  return routes;
}
