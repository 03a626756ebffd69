import { Hono } from "hono";
import { fail } from "@waystation/shared/failures/result";
import type { CloudDeps, CloudEnv } from "../http/cloud-env.ts";
import { replyFailure } from "../http/failure-reply.ts";
import { requireStation } from "../modules/stations/authenticate.ts";
import { proxyShape } from "./proxy-electric.ts";
import { createShapeServer } from "./serve-shape.ts";
import { parseShapeRequest } from "./shape-request.ts";

/** Held requests of all stations together; six per station. */
const maxHeld = 6000;

export function shapeRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const server = createShapeServer(deps.database);
  let held = 0;

  routes.get("/v1/shape", requireStation(deps), async (context) => {
    const query = new URL(context.req.url).searchParams;
    const request = parseShapeRequest(query);
    if (!request.ok) return replyFailure(context, request.failure);
    if (held >= maxHeld) return replyFailure(context, fail("cloud.busy", { limit: maxHeld }).failure);
    const stationId = context.get("stationId");
    const signal = AbortSignal.any([deps.stopping, context.req.raw.signal]);
    held += 1;
    try {
      if (deps.config.electricUrl !== undefined) {
        const proxied = await proxyShape(request.value, query, stationId, deps.config, signal);
        return proxied.ok ? proxied.value : replyFailure(context, proxied.failure);
      }
      const answer = await server.answer(request.value, {
        stationId,
        longPollMs: deps.config.longPollMs,
        signal,
      });
      // A station's rows are nobody else's, whatever lies between.
      const headers = {
        "cache-control": "private, no-store",
        vary: "authorization",
        "content-type": "application/json",
      };
      if (answer.kind === "refetch")
        return context.body(mustRefetch, 409, { ...headers, "electric-handle": answer.handle });
      return context.body(answer.body, 200, { ...headers, ...answer.headers });
    } finally {
      held -= 1;
    }
  });
  return routes;
}

const mustRefetch = JSON.stringify([{ headers: { control: "must-refetch" } }]);
