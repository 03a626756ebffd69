import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import type { RoleGrant, Scope } from "../access/principal.ts";
import { lockPerson } from "./person-in-reach.ts";

/** Fails with access.forbidden for a hub outside the scope; only who sees all hubs may give all of them. */
export async function grantRoles(
  tx: Kysely<CloudTables>,
  { tenantId, hubIds }: Scope,
  personId: string,
  roles: readonly RoleGrant[],
): Promise<Result<null>> {
  const hubs = await tx.selectFrom("hubs").select("hub_id").where("tenant_id", "=", tenantId).execute();
  const reachable = new Set(
    hubs.map(({ hub_id: hubId }) => hubId).filter((hubId) => hubIds === "all" || hubIds.includes(hubId)),
  );
  const isWithin = ({ hubId }: RoleGrant): boolean =>
    hubId === null ? hubIds === "all" : reachable.has(hubId);
  if (!roles.every(isWithin)) return fail("access.forbidden");
  if (roles.length === 0) return succeed(null);
  await tx
    .insertInto("role_grants")
    .values(
      roles.map(({ role, hubId }) => ({ person_id: personId, tenant_id: tenantId, hub_id: hubId, role })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return succeed(null);
}

/** Gives a person exactly these roles. Fails with resource.unknown or access.forbidden. */
export function replaceRoles(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  personId: string,
  roles: readonly RoleGrant[],
): Promise<Result<{ personId: string; roles: readonly RoleGrant[] }>> {
  return kysely.transaction().execute(async (tx) => {
    const person = await lockPerson(tx, scope, personId);
    if (!person.ok) return person;
    const former = await readRoles(tx, personId);
    await tx.deleteFrom("role_grants").where("person_id", "=", personId).execute();
    const granted = await grantRoles(tx, scope, personId, roles);
    if (!granted.ok) {
      await grantRoles(tx, scope, personId, former);
      return granted;
    }
    const subject = `person ${personId}`;
    await recordAudit(tx, actor, { action: "person.granted", subject, details: { roles, former } });
    return succeed({ personId, roles });
  });
}

async function readRoles(tx: Kysely<CloudTables>, personId: string): Promise<readonly RoleGrant[]> {
  const rows = await tx
    .selectFrom("role_grants")
    .select(["role", "hub_id"])
    .where("person_id", "=", personId)
    .execute();
  return rows.map(({ role, hub_id: hubId }) => ({ role: role as RoleGrant["role"], hubId }));
}
