import { type Context, Hono, type MiddlewareHandler } from "hono";
import { fail } from "@waystation/shared/failures/result";
import { rolePermissions } from "@waystation/shared/model/access";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure, replyResult } from "../../http/failure-reply.ts";
import { createGate } from "../../http/gate.ts";
import { readInput } from "../../http/read-input.ts";
import { readActor } from "../access/guard.ts";
import { replyWithCookies } from "./entrance-routes.ts";
import { findPerson, type PersonPrincipal } from "./find-person.ts";
import { changePassword, changePasswordSchema, endSession, listSessions } from "./sessions.ts";
import { passwordOnlySchema, renewBackupCodes, setUpSecondFactor, signOut } from "./sign-in.ts";

/** What a signed-in person does with their own account. Nobody's but their own is reachable here. */
export function sessionRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const { kysely } = deps.database;
  const { passwordCost } = deps.config;
  const anySession = requirePerson(deps, false);
  const fullSession = requirePerson(deps, true);
  const gate = createGate({ running: 2, waiting: 20, perAsker: 2 });

  routes.get("/v1/auth/session", anySession, (context) => {
    context.header("cache-control", "no-store");
    return context.json(viewSession(readPerson(context)));
  });
  routes.post("/v1/auth/sign-out", anySession, async (context) =>
    replyWithCookies(context, await signOut(deps, context.req.raw.headers)),
  );
  routes.post("/v1/auth/second-factor/set-up", anySession, async (context) => {
    const input = await readInput(context.req.raw, passwordOnlySchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const task = () => setUpSecondFactor(deps, context.req.raw.headers, input.value.password);
    return replyWithCookies(context, await gate(readPerson(context).personId, task));
  });
  routes.post("/v1/auth/second-factor/backup-codes", fullSession, async (context) => {
    const input = await readInput(context.req.raw, passwordOnlySchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const task = () => renewBackupCodes(deps, context.req.raw.headers, input.value.password);
    return replyWithCookies(context, await gate(readPerson(context).personId, task));
  });
  routes.post("/v1/auth/password", fullSession, async (context) => {
    const input = await readInput(context.req.raw, changePasswordSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const person = readPerson(context);
    const task = () => changePassword({ kysely, passwordCost }, person, readActor(context), input.value);
    return replyResult(context, await gate(person.personId, task));
  });
  routes.get("/v1/auth/sessions", fullSession, async (context) => {
    context.header("cache-control", "no-store");
    return context.json(await listSessions(kysely, readPerson(context)));
  });
  routes.post("/v1/auth/sessions/:sessionId/end", fullSession, async (context) =>
    replyResult(context, await endSession(kysely, readPerson(context), context.req.param("sessionId"))),
  );
  return routes;
}

function requirePerson(deps: CloudDeps, isFull: boolean): MiddlewareHandler<CloudEnv> {
  return async (context, next) => {
    if (context.req.url.includes("%00"))
      return replyFailure(context, fail("request.invalid", { reason: "the address" }).failure);
    const found = await findPerson(deps, context.req.raw);
    if (!found.ok) return replyFailure(context, found.failure);
    if (isFull && !found.value.secondFactor)
      return replyFailure(context, fail("access.second-factor").failure);
    context.set("principal", found.value);
    return next();
  };
}

function readPerson(context: Context<CloudEnv>): PersonPrincipal {
  const principal = context.get("principal");
  if (principal.kind !== "person") throw new Error("a route of people without its guard");
  return principal;
}

/** What a page has to know to show the right things; the cloud judges every request anyway. */
function viewSession({ personId, name, tenantId, secondFactor, grants }: PersonPrincipal) {
  const effective = secondFactor ? grants : [];
  const permissions = [...new Set(effective.flatMap(({ role }) => rolePermissions[role]))].toSorted();
  return { personId, name, tenantId, secondFactor, roles: effective, permissions };
}
