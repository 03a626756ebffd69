import type { Context, MiddlewareHandler } from "hono";
import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Permission } from "@waystation/shared/model/access";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import type { Actor } from "./audit.ts";
import { authenticate } from "./authenticate.ts";
import { nameActor, type Principal, scopeFor } from "./principal.ts";

/** Lets a station through, and only to paths under its own id. */
export function requireStation(deps: CloudDeps): MiddlewareHandler<CloudEnv> {
  return guard(deps, (context, principal) => {
    if (principal.kind !== "station") return fail("access.forbidden");
    const named = context.req.param("stationId");
    if (named !== undefined && named !== principal.stationId) return fail("access.forbidden");
    context.set("station", principal);
    return succeed(null);
  });
}

/** Lets through whoever has the permission somewhere; `scope` then says where, and every query keeps to it. */
export function requirePermission(deps: CloudDeps, permission: Permission): MiddlewareHandler<CloudEnv> {
  return guard(deps, (context, principal) => {
    const scope = scopeFor(principal, permission);
    if (scope === null)
      return fail(needsSecondFactor(principal) ? "access.second-factor" : "access.forbidden");
    context.set("principal", principal);
    context.set("scope", scope);
    return succeed(null);
  });
}

/** The same where the whole tenant is concerned and not single hubs. */
export function requireTenantPermission(
  deps: CloudDeps,
  permission: Permission,
): MiddlewareHandler<CloudEnv> {
  return guard(deps, (context, principal) => {
    const scope = scopeFor(principal, permission);
    if (scope?.hubIds !== "all")
      return fail(needsSecondFactor(principal) ? "access.second-factor" : "access.forbidden");
    context.set("principal", principal);
    context.set("scope", scope);
    return succeed(null);
  });
}

/** Only the installation's own token. */
export function requireRoot(deps: CloudDeps): MiddlewareHandler<CloudEnv> {
  return guard(deps, (context, principal) => {
    context.set("principal", principal);
    return principal.kind === "root" ? succeed(null) : fail("access.forbidden");
  });
}

type Check = (context: Context<CloudEnv>, principal: Principal) => Result<null>;

function guard(deps: CloudDeps, check: Check): MiddlewareHandler<CloudEnv> {
  return async (context, next) => {
    const refuse = (failure: Failure): Response => replyFailure(context, failure);
    if (hasUnstorable(context.req.url))
      return refuse(fail("request.invalid", { reason: "the address holds characters no id has" }).failure);
    const found = await authenticate(deps, context.req.raw);
    if (!found.ok) return refuse(found.failure);
    const checked = check(context, found.value);
    return checked.ok ? next() : refuse(checked.failure);
  };
}

const needsSecondFactor = (principal: Principal): boolean =>
  principal.kind === "person" && !principal.secondFactor;

/** U+0000 is in no id, and the database would answer it with an error. */
const hasUnstorable = (address: string): boolean => /%00/.test(address);

/** For the audit log, after a guard. */
export function readActor(context: Context<CloudEnv>): Actor {
  const principal = context.get("principal");
  return { tenantId: principal.tenantId, name: nameActor(principal), requestId: readRequestId(context) };
}

/** The log has the same; null where the app runs without one. */
export const readRequestId = (context: Context<CloudEnv>): string | null => context.get("requestId") ?? null;
