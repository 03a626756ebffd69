import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { fail } from "@waystation/shared/failures/result";
import { watchTables } from "../../db/change-feed.ts";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { requirePermission } from "../access/guard.ts";
import {
  countStation,
  listFacts,
  listOrders,
  listParcelFacts,
  listParcels,
  type PageRequest,
  readOverview,
} from "./queries.ts";
import { readStation } from "./read-station.ts";

const watched = ["orders", "parcels", "facts", "stations", "acknowledgements"];
const maxWatchers = 50;
/** A busy site changes many times a second; a person needs no more than this. */
const quietMs = 500;
const keepAliveMs = 15_000;

export function overviewRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const { kysely } = deps.database;
  routes.use("/v1/console/*", async (context, next) => {
    context.header("cache-control", "no-store");
    await next();
  });
  routes.get("/v1/console/overview", requirePermission(deps, "overview.read"), async (context) =>
    context.json(await readOverview(kysely, context.get("scope"))),
  );
  routes.get("/v1/console/orders", requirePermission(deps, "orders.read"), async (context) =>
    context.json(await listOrders(kysely, context.get("scope"), readPageRequest(context))),
  );
  routes.get("/v1/console/parcels", requirePermission(deps, "parcels.read"), async (context) =>
    context.json(await listParcels(kysely, context.get("scope"), readPageRequest(context))),
  );
  routes.get("/v1/console/facts", requirePermission(deps, "facts.read"), async (context) =>
    context.json(await listFacts(kysely, context.get("scope"), readPageRequest(context))),
  );
  routes.get("/v1/console/stations/:stationId", requirePermission(deps, "stations.read"), async (context) =>
    context.json(await readStation(kysely, context.get("scope"), context.req.param("stationId") ?? "")),
  );
  routes.get(
    "/v1/console/stations/:stationId/counts",
    requirePermission(deps, "facts.read"),
    async (context) =>
      context.json(await countStation(kysely, context.get("scope"), context.req.param("stationId"))),
  );
  routes.get(
    "/v1/console/parcels/:stationId/:parcelId/facts",
    requirePermission(deps, "facts.read"),
    async (context) => {
      const { stationId, parcelId } = context.req.param();
      return context.json({
        items: await listParcelFacts(kysely, context.get("scope"), stationId, parcelId),
      });
    },
  );
  let watchers = 0;
  routes.get("/v1/console/changes", requirePermission(deps, "overview.read"), (context) => {
    if (watchers >= maxWatchers)
      return replyFailure(context, fail("cloud.busy", { limit: maxWatchers }).failure);
    watchers += 1;
    return streamSSE(context, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const signal = AbortSignal.any([deps.stopping, gone.signal, context.req.raw.signal]);
      const watch = watchTables(deps.database.changes, watched, signal);
      try {
        await stream.writeSSE({ event: "ready", data: "" });
        while (!signal.aborted) {
          const changed = await watch.next(keepAliveMs);
          if (signal.aborted) break;
          await stream.writeSSE({ event: changed ? "change" : "alive", data: "" });
          if (changed) await stream.sleep(quietMs);
        }
      } finally {
        watch.close();
        watchers -= 1;
      }
    });
  });
  return routes;
}

/** NUL would be refused by the database; nothing that bears one can be found anyway. */
function readPageRequest(context: Context<CloudEnv>): PageRequest {
  const clean = (text: string | undefined): string =>
    (text ?? "").replaceAll("\u0000", "").trim().slice(0, 200);
  return { search: clean(context.req.query("search")), after: clean(context.req.query("after")) || null };
}
