import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { readJsonBody } from "../../http/read-body.ts";
import { chooseHub } from "../access/choose-hub.ts";
import { readActor, requirePermission } from "../access/guard.ts";
import { importChannels } from "./import-channels.ts";

const limits = { compressedBytes: 2_000_000, plainBytes: 10_000_000 };

export function channelRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  routes.post("/v1/channels/import", requirePermission(deps, "channels.write"), async (context) => {
    const body = await readJsonBody(context.req.raw, limits);
    if (!body.ok) return replyFailure(context, body.failure);
    const scope = context.get("scope");
    const hub = await chooseHub(deps.database.kysely, scope, context.req.query("hub"));
    if (!hub.ok) return replyFailure(context, hub.failure);
    const reply = await importChannels(
      deps.database,
      { tenantId: scope.tenantId, hubId: hub.value },
      readActor(context),
      body.value,
    );
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });
  return routes;
}
