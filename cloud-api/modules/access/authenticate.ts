import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudDeps } from "../../http/cloud-env.ts";
import { findCustomerKey } from "../customers/find-key.ts";
import { findPerson } from "../people/find-person.ts";
import { findStation } from "../stations/find-station.ts";
import type { Principal } from "./principal.ts";
import { isSameToken, readBearer, tokenPrefixes } from "./tokens.ts";

/**
 * Who sends this request. The prefix of a token says whose kind it is, so that each is looked up in one place only;
 * without a token it is a person with the cookie of a session. Fails with access.unauthenticated or access.origin.
 */
export async function authenticate(deps: CloudDeps, request: Request): Promise<Result<Principal>> {
  const authorization = request.headers.get("authorization");
  if (authorization === null) return findPerson(deps, request);
  const token = readBearer(authorization);
  if (token === null) return fail("access.unauthenticated");
  const { kysely } = deps.database;
  if (token.startsWith(tokenPrefixes.station)) return findStation(kysely, token);
  if (token.startsWith(tokenPrefixes.customer)) return findCustomerKey(kysely, token);
  if (!isSameToken(token, deps.config.adminToken.reveal())) return fail("access.unauthenticated");
  return findRoot(deps, request.headers.get("waystation-tenant") ?? firstTenant);
}

/** Every database begins with it. */
const firstTenant = "default";

async function findRoot(deps: CloudDeps, tenantId: string): Promise<Result<Principal>> {
  if (tenantId === firstTenant) return succeed({ kind: "root", tenantId });
  const found = await deps.database.kysely
    .selectFrom("tenants")
    .select("tenant_id")
    .where("tenant_id", "=", tenantId)
    .executeTakeFirst();
  return found === undefined
    ? fail("request.invalid", { reason: "waystation-tenant names no tenant" })
    : succeed({ kind: "root", tenantId });
}
