import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { apiScopeSchema } from "@waystation/shared/model/access";
import { z } from "zod";
import type { CloudTables } from "../../db/tables.ts";
import type { Principal } from "../access/principal.ts";
import { hashToken } from "../access/tokens.ts";

const usedNoteMs = 60_000;

/** The customer a key belongs to. Fails with access.unauthenticated for a key that is unknown, revoked or over. */
export async function findCustomerKey(kysely: Kysely<CloudTables>, key: string): Promise<Result<Principal>> {
  const now = new Date();
  const row = await kysely
    .selectFrom("api_keys as k")
    .innerJoin("customers as c", (join) =>
      join.onRef("c.tenant_id", "=", "k.tenant_id").onRef("c.customer_id", "=", "k.customer_id"),
    )
    .select(["k.key_id", "k.tenant_id", "k.customer_id", "k.scopes", "k.last_used_at", "c.hub_id"])
    .where("k.key_hash", "=", hashToken(key))
    .where("k.revoked_at", "is", null)
    .where((where) => where.or([where("k.expires_at", "is", null), where("k.expires_at", ">", now)]))
    .executeTakeFirst();
  if (row === undefined) return fail("access.unauthenticated");
  if (now.getTime() - (row.last_used_at?.getTime() ?? 0) > usedNoteMs) await noteUse(kysely, row.key_id, now);
  return succeed({
    kind: "customer",
    keyId: row.key_id,
    customerId: row.customer_id,
    tenantId: row.tenant_id,
    hubId: row.hub_id,
    scopes: z.array(apiScopeSchema).parse(row.scopes),
  });
}

/** At most once a minute: a key that is asked a hundred times a second must not write as often. */
async function noteUse(kysely: Kysely<CloudTables>, keyId: string, now: Date): Promise<void> {
  await kysely
    .updateTable("api_keys")
    .set({ last_used_at: now })
    .where("key_id", "=", keyId)
    .where((where) =>
      where.or([
        where("last_used_at", "is", null),
        where("last_used_at", "<", new Date(now.getTime() - usedNoteMs)),
      ]),
    )
    .execute();
}
