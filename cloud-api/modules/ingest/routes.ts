import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { createGate } from "../../http/gate.ts";
import { readBody } from "../../http/read-body.ts";
import { noteForLog } from "../../http/request-log.ts";
import { requireStation } from "../access/guard.ts";
import { firstOfMonth, type UploadToCheck } from "./check-upload.ts";
import { storeChecked } from "./ingest-facts.ts";
import { createTurns } from "./turns.ts";

/** A full batch is 1,000 facts; usual ones take 1 kB each, and the station halves a batch that is too large. */
export const ingestLimits = { compressedBytes: 4_000_000, plainBytes: 16_000_000 };

/** Requests read, checked and stored at once, those that may wait, and how many of both one station may hold. */
const uploads = { running: 8, waiting: 200, perAsker: 2 };

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
        const body = await readBody(context.req.raw, ingestLimits);
        if (!body.ok) return body;
        const month = firstOfMonth(new Date());
        const upload: UploadToCheck = {
          stationId: station.stationId,
          contentType: context.req.header("content-type"),
          body: body.value,
          plainBytes: ingestLimits.plainBytes,
          month,
        };
        const check = (above: number) => deps.checkUpload(upload, above);
        const checked = await check(0);
        if (!checked.ok) return checked;
        noteForLog(context, checked.value.forLog);
        // Before the transaction: nobody waits for a lock, or for the embedded database's one session, meanwhile.
        await turn.before;
        const taken = await storeChecked(deps.database, { station, month, checked: checked.value, check });
        if (taken.ok) deps.metrics.countFacts(checked.value.hashes.length);
        return taken;
      } finally {
        turn.end();
      }
    });
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });
  return routes;
}
