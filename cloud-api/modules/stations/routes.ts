import { Hono } from "hono";
import { fail } from "@waystation/shared/failures/result";
import {
  enrolRequestSchema,
  stationReportSchema,
  tokenRequestSchema,
} from "@waystation/shared/wire/cloud-http";
import { clientAddress } from "../../http/client-address.ts";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure, replyResult } from "../../http/failure-reply.ts";
import { createRateLimit } from "../../http/rate-limit.ts";
import { readInput } from "../../http/read-input.ts";
import {
  readActor,
  readRequestId,
  requirePermission,
  requireRoot,
  requireStation,
  requireTenantPermission,
} from "../access/guard.ts";
import { createChallenges } from "./challenge.ts";
import { createHub, createHubSchema, createTenant, createTenantSchema } from "./create-hub.ts";
import { enrolStation } from "./enrol-station.ts";
import { issueToken } from "./issue-token.ts";
import { prepareStation, prepareStationSchema } from "./prepare-station.ts";
import { listHubs, listStations } from "./queries.ts";
import { setRevoked } from "./revoke-station.ts";
import { saveReport } from "./save-report.ts";

const reportBytes = 32_000;
const minuteMs = 60_000;

export function stationRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  addEntrance(routes, deps);
  addStationRoutes(routes, deps);
  addAdministration(routes, deps);
  return routes;
}

/** The doors without a token. Only attempts that fail count against anybody. */
function addEntrance(routes: Hono<CloudEnv>, deps: CloudDeps): void {
  const { kysely } = deps.database;
  const challenges = createChallenges(deps.config);
  const codes = createRateLimit({ perKey: 10, inAll: 200, windowMs: minuteMs });
  const signatures = createRateLimit({ perKey: 60, inAll: 3000, windowMs: minuteMs });

  routes.post("/v1/enrolments", async (context) => {
    const input = await readInput(context.req.raw, enrolRequestSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const address = clientAddress(context, deps.config.proxyHops);
    const taken = codes.take(address);
    if (!taken.ok) return replyFailure(context, taken.failure);
    const enrolled = await enrolStation(kysely, input.value, readRequestId(context));
    if (enrolled.ok) codes.giveBack(address);
    return replyResult(context, enrolled, 200);
  });

  routes.post("/v1/stations/:stationId/challenges", (context) => {
    const stationId = context.req.param("stationId");
    if (stationId.length > 64) return replyFailure(context, fail("access.unauthenticated").failure);
    context.header("cache-control", "no-store");
    return context.json(challenges.give(stationId));
  });

  routes.post("/v1/stations/:stationId/tokens", async (context) => {
    const stationId = context.req.param("stationId");
    const input = await readInput(context.req.raw, tokenRequestSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    if (!/^[\w.-]{1,64}$/.test(stationId))
      return replyFailure(context, fail("access.unauthenticated").failure);
    // By address and station: a hub's stations share an address, and a stranger must not lock one out.
    const key = `${clientAddress(context, deps.config.proxyHops)} ${stationId}`;
    const taken = signatures.take(key);
    if (!taken.ok) return replyFailure(context, taken.failure);
    const issued = await issueToken(kysely, challenges, stationId, input.value);
    if (issued.ok) signatures.giveBack(key);
    return replyResult(context, issued, 200);
  });
}

function addStationRoutes(routes: Hono<CloudEnv>, deps: CloudDeps): void {
  routes.put("/v1/stations/:stationId/report", requireStation(deps), async (context) => {
    const report = await readInput(context.req.raw, stationReportSchema, reportBytes);
    if (!report.ok) return replyFailure(context, report.failure);
    return context.json(
      await saveReport(deps.database.kysely, context.get("station").stationId, report.value),
    );
  });
}

function addAdministration(routes: Hono<CloudEnv>, deps: CloudDeps): void {
  const { kysely } = deps.database;
  const prepare = { kysely, codeMs: deps.config.enrolmentCodeMs };
  routes.post("/v1/stations", requirePermission(deps, "stations.manage"), async (context) => {
    const input = await readInput(context.req.raw, prepareStationSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    return replyResult(
      context,
      await prepareStation(prepare, context.get("scope"), readActor(context), input.value),
      201,
    );
  });
  for (const [word, isRevoked] of [
    ["revoke", true],
    ["restore", false],
  ] as const)
    routes.post(
      `/v1/stations/:stationId/${word}`,
      requirePermission(deps, "stations.manage"),
      async (context) => {
        const stationId = context.req.param("stationId") ?? "";
        return replyResult(
          context,
          await setRevoked(kysely, context.get("scope"), readActor(context), stationId, isRevoked),
          200,
        );
      },
    );
  routes.post("/v1/hubs", requireTenantPermission(deps, "stations.manage"), async (context) => {
    const input = await readInput(context.req.raw, createHubSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    return replyResult(context, await createHub(kysely, readActor(context), input.value), 201);
  });
  routes.post("/v1/tenants", requireRoot(deps), async (context) => {
    const input = await readInput(context.req.raw, createTenantSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    return replyResult(context, await createTenant(kysely, readActor(context), input.value), 201);
  });
  routes.get("/v1/console/stations", requirePermission(deps, "stations.read"), async (context) => {
    context.header("cache-control", "no-store");
    const after = context.req.query("after")?.slice(0, 64) ?? null;
    return context.json(await listStations(kysely, context.get("scope"), after));
  });
  routes.get("/v1/console/hubs", requirePermission(deps, "stations.read"), async (context) => {
    context.header("cache-control", "no-store");
    return context.json(await listHubs(kysely, context.get("scope")));
  });
}
