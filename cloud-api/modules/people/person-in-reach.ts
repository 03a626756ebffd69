import { type Kysely, sql } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import type { Scope } from "../access/principal.ts";

/**
 * Holds a person whom the scope may change: one of the tenant whose every role lies within it. Whoever looks after one
 * hub can thus not become somebody of another. Fails with resource.unknown.
 */
export async function lockPerson(
  tx: Kysely<CloudTables>,
  { tenantId, hubIds }: Scope,
  personId: string,
): Promise<Result<{ readonly personId: string }>> {
  const { rows } = await sql<{ grants: readonly (string | null)[] }>`
    select (select coalesce(jsonb_agg(g.hub_id), '[]') from role_grants g where g.person_id = p.id) as grants
    from people p where p.id = ${personId} and p.tenant_id = ${tenantId} for update of p`.execute(tx);
  const [row] = rows;
  const isWithin =
    row !== undefined &&
    (hubIds === "all" || row.grants.every((hubId) => hubId !== null && hubIds.includes(hubId)));
  return isWithin ? succeed({ personId }) : fail("resource.unknown", { path: `people/${personId}` });
}
