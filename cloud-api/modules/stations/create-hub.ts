import type { Kysely } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";

const id = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, "small letters, digits, . _ - only, at most 40");
export const createHubSchema = z.strictObject({ hubId: id, name: z.string().min(1).max(120) });
export const createTenantSchema = z.strictObject({ tenantId: id, name: z.string().min(1).max(120) });

/** Fails with name.taken. */
export function createHub(
  kysely: Kysely<CloudTables>,
  actor: Actor,
  { hubId, name }: z.infer<typeof createHubSchema>,
): Promise<Result<{ hubId: string; name: string }>> {
  return kysely.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("hubs")
      .values({ tenant_id: actor.tenantId, hub_id: hubId, name })
      .onConflict((conflict) => conflict.columns(["tenant_id", "hub_id"]).doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows !== 1n) return fail("name.taken", { name: hubId });
    await recordAudit(tx, actor, { action: "hub.created", subject: `hub ${hubId}` });
    return succeed({ hubId, name });
  });
}

/** A tenant begins without hubs. Fails with name.taken. */
export function createTenant(
  kysely: Kysely<CloudTables>,
  actor: Actor,
  { tenantId, name }: z.infer<typeof createTenantSchema>,
): Promise<Result<{ tenantId: string; name: string }>> {
  return kysely.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("tenants")
      .values({ tenant_id: tenantId, name })
      .onConflict((conflict) => conflict.column("tenant_id").doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows !== 1n) return fail("name.taken", { name: tenantId });
    await recordAudit(
      tx,
      { ...actor, tenantId },
      { action: "tenant.created", subject: `tenant ${tenantId}` },
    );
    return succeed({ tenantId, name });
  });
}
