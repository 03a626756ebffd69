import type { Kysely } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import { chooseHub } from "../access/choose-hub.ts";
import type { Scope } from "../access/principal.ts";

export const createCustomerSchema = z.strictObject({
  customerId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, . _ - only, at most 64"),
  name: z.string().min(1).max(120),
  /** Where the customer's parcels come in; may be left out where there is only one. */
  hubId: z.string().min(1).max(64).optional(),
});

/** Fails with name.taken, and as chooseHub does. */
export async function createCustomer(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  { customerId, name, hubId }: z.infer<typeof createCustomerSchema>,
): Promise<Result<{ customerId: string; hubId: string }>> {
  return kysely.transaction().execute(async (tx) => {
    const hub = await chooseHub(tx, scope, hubId);
    if (!hub.ok) return hub;
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("customers")
      .values({ tenant_id: scope.tenantId, customer_id: customerId, hub_id: hub.value, name })
      .onConflict((conflict) => conflict.columns(["tenant_id", "customer_id"]).doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows !== 1n) return fail("name.taken", { name: customerId });
    const details = { hubId: hub.value };
    await recordAudit(tx, actor, { action: "customer.created", subject: `customer ${customerId}`, details });
    return succeed({ customerId, hubId: hub.value });
  });
}
