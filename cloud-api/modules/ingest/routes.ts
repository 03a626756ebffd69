import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { createGate } from "../../http/gate.ts";
import { readJsonBody } from "../../http/read-body.ts";
import { requireStation } from "../stations/authenticate.ts";
import { ingestFacts } from "./ingest-facts.ts";

/** A full batch is 1,000 facts; usual ones take 1 kB each, and the station halves a batch that is too large. */
export const ingestLimits = { compressedBytes: 4_000_000, plainBytes: 16_000_000 };

export function ingestRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const gate = createGate(4, 200);
  routes.post("/v1/stations/:stationId/facts", requireStation(deps), async (context) => {
    const reply = await gate(async () => {
      const body = await readJsonBody(context.req.raw, ingestLimits);
      return body.ok ? ingestFacts(deps.database, context.get("stationId"), body.value) : body;
    });
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });
  return routes;
}
