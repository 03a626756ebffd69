import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { readJsonBody } from "../../http/read-body.ts";
import { requireAdmin } from "../stations/authenticate.ts";
import { importChannels } from "./import-channels.ts";

const limits = { compressedBytes: 2_000_000, plainBytes: 10_000_000 };

export function channelRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  routes.post("/v1/channels/import", requireAdmin(deps), async (context) => {
    const body = await readJsonBody(context.req.raw, limits);
    if (!body.ok) return replyFailure(context, body.failure);
    const reply = await importChannels(deps.database, body.value);
    deps.requestBackup();
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });
  return routes;
}
