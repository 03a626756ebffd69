import { type Kysely, sql } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { roleSchema } from "@waystation/shared/model/access";
import type { CloudTables } from "../../db/tables.ts";
import type { CloudDeps } from "../../http/cloud-env.ts";
import type { Principal, RoleGrant } from "../access/principal.ts";
import { isFromOwnPage } from "./own-origin.ts";
import { cookiePrefix, openSignIn } from "./sign-in-library.ts";

export type PersonPrincipal = Extract<Principal, { kind: "person" }>;

/**
 * The person whose session the cookie names. The database is asked every time: a disabled person, an ended session and
 * a withdrawn role count from the next request on. Fails with access.unauthenticated or access.origin.
 */
export async function findPerson(deps: CloudDeps, request: Request): Promise<Result<PersonPrincipal>> {
  if (!hasSessionCookie(request.headers)) return fail("access.unauthenticated");
  if (!isFromOwnPage(deps.config, request)) return fail("access.origin");
  const library = await openSignIn(deps);
  const found = await library.api.getSession({ headers: request.headers });
  if (found === null) return fail("access.unauthenticated");
  return readPerson(deps.database.kysely, found.session.id);
}

const hasSessionCookie = (headers: Headers): boolean =>
  headers.get("cookie")?.includes(`${cookiePrefix}.session_token=`) ?? false;

type Row = {
  readonly personId: string;
  readonly name: string;
  readonly tenantId: string;
  readonly secondFactor: boolean;
  readonly grants: readonly RoleGrant[];
};

async function readPerson(kysely: Kysely<CloudTables>, sessionId: string): Promise<Result<PersonPrincipal>> {
  const { rows } = await sql<Row>`
    select p.id as "personId", p.name, p.tenant_id as "tenantId",
      s.second_factor_at is not null and p.two_factor_enabled as "secondFactor",
      coalesce((select jsonb_agg(jsonb_build_object('role', g.role, 'hubId', g.hub_id))
        from role_grants g where g.person_id = p.id and g.tenant_id = p.tenant_id), '[]') as grants
    from people_sessions s join people p on p.id = s.person_id
    where s.id = ${sessionId} and p.disabled_at is null and s.expires_at > ${new Date()}::timestamptz`.execute(
    kysely,
  );
  const [row] = rows;
  if (row === undefined) return fail("access.unauthenticated");
  // A role that a newer program wrote means nothing to this one.
  const grants = row.grants.filter(({ role }) => roleSchema.safeParse(role).success);
  return succeed({ kind: "person", ...row, grants, sessionId });
}
