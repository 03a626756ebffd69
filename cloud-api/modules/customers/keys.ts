import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { apiScopeSchema } from "@waystation/shared/model/access";
import { mintId } from "@waystation/shared/model/id";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import { inScope } from "../access/in-scope.ts";
import type { Scope } from "../access/principal.ts";
import { hashToken, mintToken } from "../access/tokens.ts";

export const createKeySchema = z.strictObject({
  name: z.string().min(1).max(120),
  scopes: z.array(apiScopeSchema).min(1).max(apiScopeSchema.options.length),
  expiresInDays: z.int().min(1).max(3650).optional(),
});

const dayMs = 86_400_000;
/** Live ones of one customer: more is a program that makes one for every call. */
const maxKeys = 50;

/** The key is in the answer and nowhere else. Fails with resource.unknown for a customer outside the scope. */
export function createKey(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  customerId: string,
  { name, scopes, expiresInDays }: z.infer<typeof createKeySchema>,
): Promise<Result<{ keyId: string; key: string; expiresAt: string | null }>> {
  const key = mintToken("customer");
  const keyId = mintId({ nowMs: Date.now, randomBytes });
  const expiresAt = expiresInDays === undefined ? null : new Date(Date.now() + expiresInDays * dayMs);
  return kysely.transaction().execute(async (tx) => {
    const known = await findCustomer(tx, scope, customerId);
    if (!known.ok) return known;
    if (known.value.liveKeys >= maxKeys)
      return fail("request.invalid", { reason: `the customer has ${maxKeys} keys already` });
    const row = {
      key_id: keyId,
      key_hash: hashToken(key),
      tenant_id: scope.tenantId,
      customer_id: customerId,
      name,
    };
    await tx
      .insertInto("api_keys")
      .values({ ...row, scopes: JSON.stringify([...new Set(scopes)]), expires_at: expiresAt })
      .execute();
    const details = { customerId, scopes };
    await recordAudit(tx, actor, { action: "key.created", subject: `key ${keyId}`, details });
    return succeed({ keyId, key, expiresAt: expiresAt?.toISOString() ?? null });
  });
}

async function findCustomer(
  tx: Kysely<CloudTables>,
  scope: Scope,
  customerId: string,
): Promise<Result<{ liveKeys: number }>> {
  const { rows } = await sql<{ liveKeys: number }>`
    select (select count(*) from api_keys k where k.tenant_id = c.tenant_id and k.customer_id = c.customer_id
      and k.revoked_at is null)::bigint as "liveKeys"
    from customers c where c.customer_id = ${customerId} and ${inScope(scope, "c")} for update of c`.execute(
    tx,
  );
  const [row] = rows;
  return row === undefined ? fail("resource.unknown", { path: `customers/${customerId}` }) : succeed(row);
}

/** From the next request on it opens nothing. Fails with resource.unknown. */
export function revokeKey(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  keyId: string,
): Promise<Result<{ keyId: string }>> {
  return kysely.transaction().execute(async (tx) => {
    const { rows } = await sql`
      update api_keys k set revoked_at = coalesce(revoked_at, ${new Date()}::timestamptz) from customers c
      where k.key_id = ${keyId} and c.tenant_id = k.tenant_id and c.customer_id = k.customer_id
        and ${inScope(scope, "c")} returning k.key_id`.execute(tx);
    if (rows.length === 0) return fail("resource.unknown", { path: `keys/${keyId}` });
    await recordAudit(tx, actor, { action: "key.revoked", subject: `key ${keyId}` });
    return succeed({ keyId });
  });
}

export type CustomerView = { readonly customerId: string; readonly name: string; readonly hubId: string };
export type KeyView = {
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
};

export async function listCustomers(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  after: string | null,
): Promise<{ readonly items: readonly CustomerView[]; readonly next: string | null }> {
  const { rows } = await sql<CustomerView>`
    select customer_id as "customerId", name, hub_id as "hubId" from customers c
    where ${inScope(scope, "c")} and customer_id > ${after ?? ""} order by customer_id limit 101`.execute(
    kysely,
  );
  const items = rows.slice(0, 100);
  return { items, next: rows.length > 100 ? (items.at(-1)?.customerId ?? null) : null };
}

/** The newest first. */
export async function listKeys(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  customerId: string,
): Promise<{ readonly items: readonly KeyView[] }> {
  const { rows } = await sql<KeyView>`
    select k.key_id as "keyId", k.name, k.scopes, k.created_at as "createdAt", k.expires_at as "expiresAt",
      k.revoked_at as "revokedAt", k.last_used_at as "lastUsedAt"
    from api_keys k join customers c on c.tenant_id = k.tenant_id and c.customer_id = k.customer_id
    where k.customer_id = ${customerId} and ${inScope(scope, "c")}
    order by k.key_id desc limit 200`.execute(kysely);
  return { items: rows };
}
