import { type Kysely, sql, type Transaction } from "kysely";
import type { CloudTables } from "../../db/tables.ts";
import { inOrderScope } from "../access/in-scope.ts";
import type { Scope } from "../access/principal.ts";
import { erasedText, type StrippedOrder } from "./strip-order.ts";

type Tx = Transaction<CloudTables>;

export type StoredOrder = {
  readonly tenantId: string;
  readonly orderId: string;
  readonly body: string;
  readonly isErased: boolean;
  /** Cancelled, or its parcel has left: nobody needs the address any more. */
  readonly isFinished: boolean;
};

/** A parcel that came to an end, whatever it was: one that was rejected and not seen again for so long is gone. */
const ended = sql`exists (select 1 from parcels p where p.tenant_id = o.tenant_id and p.order_id = o.order_id
  and p.outcome is not null)`;
const columns = sql`o.tenant_id as "tenantId", o.order_id as "orderId", o.body, o.erased_at is not null as "isErased",
  (o.status = 'cancelled' or exists (select 1 from parcels p where p.tenant_id = o.tenant_id
    and p.order_id = o.order_id and p.outcome = 'accepted')) as "isFinished"`;

/** Finished orders whose last change, and that of their parcels, is older than the days; locked against imports. */
export async function lockExpired(tx: Tx, days: number, limit: number): Promise<readonly StoredOrder[]> {
  const { rows } = await sql<StoredOrder>`
    select ${columns} from orders o
    where o.erased_at is null and o.updated_at < now() - make_interval(days => ${days}::int)
      and (o.status = 'cancelled' or ${ended})
      and not exists (select 1 from parcels p where p.tenant_id = o.tenant_id and p.order_id = o.order_id
        and p.updated_at >= now() - make_interval(days => ${days}::int))
    order by o.updated_at limit ${limit} for update of o skip locked`.execute(tx);
  return rows;
}

export async function lockOrder(tx: Tx, scope: Scope, orderId: string): Promise<StoredOrder | null> {
  const { rows } = await sql<StoredOrder>`select ${columns} from orders o
    where o.order_id = ${orderId} and ${inOrderScope(scope, "o")} for update of o`.execute(tx);
  return rows[0] ?? null;
}

export async function findByReference(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  reference: string,
  limit: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ order_id: string }>`select o.order_id from orders o
    where o.reference = ${reference} and ${inOrderScope(scope, "o")} order by o.order_id limit ${limit}`.execute(
    kysely,
  );
  return rows.map((row) => row.order_id);
}

export type Erasure = StrippedOrder & { readonly tenantId: string; readonly orderId: string };

/** The parts and the release row that names them, all or none: a station shows an order only when they agree. */
export async function writeErased(tx: Tx, erasures: readonly Erasure[]): Promise<void> {
  const rows = JSON.stringify(
    erasures.map(({ tenantId, orderId, body, shipmentBody, partsHash }) => ({
      tenant_id: tenantId,
      order_id: orderId,
      body,
      shipment_body: shipmentBody,
      parts_hash: partsHash,
    })),
  );
  const batch = sql`jsonb_to_recordset(${rows}::jsonb) as r(tenant_id text, order_id text, body text,
    shipment_body text, parts_hash text)`;
  await sql`update orders o set body = r.body, consignee_name = ${erasedText}, revision = o.revision + 1,
      erased_at = now() from ${batch} where o.tenant_id = r.tenant_id and o.order_id = r.order_id`.execute(
    tx,
  );
  await sql`update shipments s set body = r.shipment_body, label_kind = 'missing', revision = o.revision
    from ${batch} join orders o using (tenant_id, order_id)
    where s.tenant_id = r.tenant_id and s.order_id = r.order_id`.execute(tx);
  await sql`update releases l set parts_hash = r.parts_hash, revision = o.revision
    from ${batch} join orders o using (tenant_id, order_id)
    where l.tenant_id = r.tenant_id and l.order_id = r.order_id`.execute(tx);
}
