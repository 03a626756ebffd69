import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { readJsonBody } from "../../http/read-body.ts";
import { requireAdmin } from "./authenticate.ts";
import { registerStation } from "./register-station.ts";

const limits = { compressedBytes: 10_000, plainBytes: 10_000 };

export function stationRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  routes.post("/v1/stations", requireAdmin(deps), async (context) => {
    const body = await readJsonBody(context.req.raw, limits);
    if (!body.ok) return replyFailure(context, body.failure);
    const registered = await registerStation(deps.database.kysely, body.value);
    if (!registered.ok) return replyFailure(context, registered.failure);
    context.header("cache-control", "no-store");
    return context.json(registered.value, 201);
  });
  return routes;
}
