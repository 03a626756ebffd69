import { type Kysely, sql } from "kysely";
import type { CloudTables } from "../../db/tables.ts";

/** Who does something, as the audit log names it. */
export type Actor = {
  readonly tenantId: string;
  /** From `nameActor`, or the command that acts for whoever set the cloud up. */
  readonly name: string;
  readonly requestId: string | null;
};

export type AuditEntry = {
  readonly action: AuditAction;
  /** What it was done to: `station belt-1`, `person ...`. */
  readonly subject: string;
  /** Ids and counts; never a secret, a name or an address. */
  readonly details?: Readonly<Record<string, unknown>>;
};

export type AuditAction =
  | `station.${"prepared" | "enrolled" | "revoked" | "restored"}`
  | `person.${"invited" | "invited-again" | "joined" | "disabled" | "enabled" | "granted"}`
  | `person.${"signed-in" | "second-factor-set-up" | "password-changed"}`
  | `customer.created`
  | `key.${"created" | "revoked"}`
  | `${"hub" | "tenant"}.created`
  | `consignee.erased`
  | `${"orders" | "channels"}.imported`
  | "order.cancelled";

/** Call it in the transaction of what it tells of: neither is then there without the other. */
export async function recordAudit(tx: Kysely<CloudTables>, actor: Actor, entry: AuditEntry): Promise<void> {
  await tx
    .insertInto("audit_log")
    .values({
      tenant_id: actor.tenantId,
      actor: actor.name,
      action: entry.action,
      subject: entry.subject,
      details: JSON.stringify(entry.details ?? {}),
      request_id: actor.requestId,
    })
    .execute();
}

export type AuditView = {
  readonly auditId: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly details: unknown;
  readonly requestId: string | null;
};

const pageRows = 50;

/** The newest first. Rows name no hub, so only those who see the whole tenant may read them. */
export async function listAudit(
  kysely: Kysely<CloudTables>,
  tenantId: string,
  after: string | null,
): Promise<{ readonly items: readonly AuditView[]; readonly next: string | null }> {
  const below = after !== null && /^\d{1,15}$/.test(after) ? Number(after) : Number.MAX_SAFE_INTEGER;
  const { rows } = await sql<AuditView>`
    select audit_id as "auditId", at, actor, action, subject, details, request_id as "requestId"
    from audit_log where tenant_id = ${tenantId} and audit_id < ${below}
    order by audit_id desc limit ${pageRows + 1}`.execute(kysely);
  const items = rows.slice(0, pageRows);
  return { items, next: rows.length > pageRows ? String(items.at(-1)?.auditId) : null };
}
