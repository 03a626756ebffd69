import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { createGate } from "../../http/gate.ts";
import { readTextBody } from "../../http/read-body.ts";
import { noteForLog } from "../../http/request-log.ts";
import { requireStation } from "../access/guard.ts";
import { describeBatch } from "./describe-batch.ts";
import { ingestFacts } from "./ingest-facts.ts";
import { readUpload } from "./read-upload.ts";
import { createTurns } from "./turns.ts";

/** A full batch is 1,000 facts; usual ones take 1 kB each, and the station halves a batch that is too large. */
export const ingestLimits = { compressedBytes: 4_000_000, plainBytes: 16_000_000 };

/** Bodies unpacked at once, requests that may wait, and how many of both one station may hold. */
const uploads = { running: 4, waiting: 200, perAsker: 2 };

export function ingestRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const gate = createGate(uploads);
  const takeTurn = createTurns();
  routes.post("/v1/stations/:stationId/facts", requireStation(deps), async (context) => {
    const station = context.get("station");
    const reply = await gate(station.stationId, async () => {
      // A station may send the next batch before this one is answered: it is read and checked meanwhile.
      const turn = takeTurn(station.stationId);
      try {
        const body = await readTextBody(context.req.raw, ingestLimits);
        if (!body.ok) return body;
        const batch = readUpload(context.req.header("content-type"), body.value);
        if (!batch.ok) return batch;
        noteForLog(context, describeBatch(batch.value));
        const taken = await ingestFacts(deps.database, station, batch.value, turn.before);
        if (taken.ok) deps.metrics.countFacts(batch.value.facts.length);
        return taken;
      } finally {
        turn.end();
      }
    });
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });
  return routes;
}
