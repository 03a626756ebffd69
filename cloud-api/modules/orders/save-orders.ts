import { createHash } from "node:crypto";
import { sql, type Transaction } from "kysely";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { type Order, orderSchema, type Shipment } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import type { CloudTables } from "../../db/tables.ts";

export type OrderParts = { readonly line: number; readonly order: Order; readonly label: Shipment["label"] };
export type SaveResult = {
  readonly imported: number;
  readonly unchanged: number;
  readonly rejected: readonly { line: number; reason: string }[];
};

type Tx = Transaction<CloudTables>;
/** Whose orders a batch is. A customer of null: the warehouse's own import. */
export type OrderOwner = {
  readonly tenantId: string;
  readonly hubId: string;
  readonly customerId: string | null;
};
type StoredOrder = {
  orderId: string;
  revision: number;
  orderBody: string;
  shipmentBody: string;
  status: string;
  /** Its consignee was taken out on purpose: a file that still has the address does not bring it back. */
  isErased: boolean;
};

/**
 * Writes a batch: order, shipment, identifiers, and the release row last. Equal content changes nothing,
 * other content raises the revision. A cancelled order stays cancelled whatever a file says, and what belongs to
 * another customer or hub is not touched.
 */
export async function saveOrders(
  tx: Tx,
  owner: OrderOwner,
  batch: readonly OrderParts[],
): Promise<SaveResult> {
  const strangers = await readStrangers(tx, owner, batch);
  const current = await readStored(tx, owner, batch);
  const waybills = await readWaybillOwners(tx, owner, batch);
  const changed = new Map<string, StoredOrder & { order: Order; label: Shipment["label"] }>();
  const rejected: { line: number; reason: string }[] = [];
  let unchanged = 0;
  let imported = 0;
  for (const { line, order: offered, label } of batch) {
    const problem = findConflict(offered, strangers, waybills.get(offered.waybill));
    if (problem !== null) {
      rejected.push({ line, reason: problem });
      continue;
    }
    waybills.set(offered.waybill, { orderId: offered.orderId, ours: true });
    const before = current.get(offered.orderId);
    if (before?.isErased === true) {
      rejected.push({ line, reason: "order: its consignee's data was erased" });
      continue;
    }
    const order: Order = before?.status === "cancelled" ? { ...offered, status: "cancelled" } : offered;
    const orderBody = JSON.stringify(order);
    const shipmentBody = JSON.stringify({ orderId: order.orderId, label } satisfies Shipment);
    if (before?.orderBody === orderBody && before.shipmentBody === shipmentBody) {
      unchanged += 1;
      continue;
    }
    const { orderId, status } = order;
    const after = {
      orderId,
      status,
      isErased: false,
      revision: (before?.revision ?? 0) + 1,
      orderBody,
      shipmentBody,
    };
    current.set(orderId, after);
    changed.set(orderId, { ...after, order, label });
    imported += 1;
  }
  await writeParts(tx, owner, [...changed.values()]);
  return { imported, unchanged, rejected };
}

type WaybillOwner = { readonly orderId: string; readonly ours: boolean };

/** Names another order only to whom it belongs. */
function findConflict(
  offered: Order,
  strangers: ReadonlySet<string>,
  waybill: WaybillOwner | undefined,
): string | null {
  if (strangers.has(offered.orderId)) return "order number: already used by another customer or hub";
  if (waybill === undefined || waybill.orderId === offered.orderId) return null;
  return waybill.ours
    ? `waybill: already belongs to order ${waybill.orderId}`
    : "waybill: already used by another customer or hub";
}

/** Null counts as a value: the warehouse's own orders are no customer's. */
const isOurs = ({ hubId, customerId }: OrderOwner) =>
  sql`(hub_id = ${hubId} and customer_id is not distinct from ${customerId}::text)`;

/** Order ids as JSON text rather than an array parameter: both drivers bind it alike. */
const idsOf = (batch: readonly OrderParts[]): string =>
  JSON.stringify(batch.map(({ order }) => order.orderId));

async function readStrangers(tx: Tx, owner: OrderOwner, batch: readonly OrderParts[]): Promise<Set<string>> {
  const { rows } = await sql<{ orderId: string }>`
    select order_id as "orderId" from orders where tenant_id = ${owner.tenantId} and not ${isOurs(owner)}
      and order_id in (select jsonb_array_elements_text(${idsOf(batch)}::jsonb))`.execute(tx);
  return new Set(rows.map((row) => row.orderId));
}

async function readStored(
  tx: Tx,
  { tenantId }: OrderOwner,
  batch: readonly OrderParts[],
): Promise<Map<string, StoredOrder>> {
  const { rows } = await sql<StoredOrder>`
    select o.order_id as "orderId", o.revision, o.body as "orderBody", s.body as "shipmentBody", o.status,
      o.erased_at is not null as "isErased"
    from orders o join shipments s using (tenant_id, order_id)
    where o.tenant_id = ${tenantId} and o.order_id in (select jsonb_array_elements_text(${idsOf(batch)}::jsonb))
    for update of o`.execute(tx);
  return new Map(rows.map((row) => [row.orderId, row]));
}

/** A waybill names one parcel; only a cancelled order gives its waybill free. */
async function readWaybillOwners(
  tx: Tx,
  owner: OrderOwner,
  batch: readonly OrderParts[],
): Promise<Map<string, WaybillOwner>> {
  const waybills = JSON.stringify(batch.map(({ order }) => order.waybill));
  const { rows } = await sql<WaybillOwner & { waybill: string }>`
    select waybill, order_id as "orderId", ${isOurs(owner)} as ours from orders
    where tenant_id = ${owner.tenantId} and status <> 'cancelled'
      and waybill in (select jsonb_array_elements_text(${waybills}::jsonb))`.execute(tx);
  return new Map(rows.map((row) => [row.waybill, row]));
}

type ChangedOrder = StoredOrder & { readonly order: Order; readonly label: Shipment["label"] };

async function writeParts(tx: Tx, owner: OrderOwner, changed: readonly ChangedOrder[]): Promise<void> {
  if (changed.length === 0) return;
  await writeBodies(tx, owner, JSON.stringify(changed.map(toRow)));
  await writeIdentifiers(tx, owner, changed);
  const releases = JSON.stringify(changed.map(toRelease));
  await sql`insert into releases (tenant_id, hub_id, order_id, revision, parts_hash)
    select ${owner.tenantId}::text, ${owner.hubId}::text, order_id, revision, parts_hash
    from jsonb_to_recordset(${releases}::jsonb) as r(order_id text, revision bigint, parts_hash text)
    on conflict (tenant_id, order_id) do update set revision = excluded.revision, parts_hash = excluded.parts_hash`.execute(
    tx,
  );
}

/** One statement for both tables: the bodies are most of a batch and cross to the database once. */
async function writeBodies(tx: Tx, owner: OrderOwner, rows: string): Promise<void> {
  await sql`with batch as materialized (
      select ${owner.tenantId}::text as tenant_id, ${owner.hubId}::text as hub_id, ${owner.customerId}::text as customer_id, r.*
      from jsonb_to_recordset(${rows}::jsonb) as r(order_id text, revision bigint, body text, waybill text,
        reference text, tracking_number text, channel_code text, status text, declared_weight_grams integer,
        country text, consignee_name text, shipment_body text, label_kind text)),
    written as (
      insert into orders (tenant_id, hub_id, customer_id, order_id, revision, body, waybill, reference, tracking_number,
          channel_code, status, declared_weight_grams, country, consignee_name)
        select tenant_id, hub_id, customer_id, order_id, revision, body, waybill, reference, tracking_number,
          channel_code, status, declared_weight_grams, country, consignee_name from batch
      on conflict (tenant_id, order_id) do update set revision = excluded.revision, body = excluded.body,
        waybill = excluded.waybill, reference = excluded.reference, tracking_number = excluded.tracking_number,
        channel_code = excluded.channel_code, status = excluded.status,
        declared_weight_grams = excluded.declared_weight_grams, country = excluded.country,
        consignee_name = excluded.consignee_name, updated_at = now())
    insert into shipments (tenant_id, hub_id, order_id, revision, body, label_kind)
      select tenant_id, hub_id, order_id, revision, shipment_body, label_kind from batch
    on conflict (tenant_id, order_id) do update set revision = excluded.revision, body = excluded.body,
      label_kind = excluded.label_kind`.execute(tx);
}

async function writeIdentifiers(
  tx: Tx,
  { tenantId }: OrderOwner,
  changed: readonly ChangedOrder[],
): Promise<void> {
  const known = JSON.stringify(
    changed.flatMap(({ order, revision }) => (revision > 1 ? [order.orderId] : [])),
  );
  const rows = changed.flatMap(({ order }) =>
    collectIdentifiers(order).map((identifier) => ({ identifier, order_id: order.orderId })),
  );
  await sql`delete from order_identifiers where tenant_id = ${tenantId}
    and order_id in (select jsonb_array_elements_text(${known}::jsonb))`.execute(tx);
  await sql`insert into order_identifiers (tenant_id, identifier, order_id)
    select ${tenantId}::text, identifier, order_id from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r(identifier text, order_id text) on conflict do nothing`.execute(tx);
}

const toRow = ({
  order,
  label,
  revision,
  orderBody,
  shipmentBody,
}: ChangedOrder): Record<string, unknown> => ({
  order_id: order.orderId,
  revision,
  body: orderBody,
  waybill: order.waybill,
  reference: order.reference ?? null,
  tracking_number: order.trackingNumber ?? null,
  channel_code: order.channelCode,
  status: order.status,
  declared_weight_grams: order.declaredWeightGrams,
  country: order.consignee.country,
  consignee_name: order.consignee.name,
  shipment_body: shipmentBody,
  label_kind: label.kind,
});

const toRelease = ({
  orderId,
  revision,
  orderBody,
  shipmentBody,
}: ChangedOrder): Record<string, unknown> => ({
  order_id: orderId,
  revision,
  parts_hash: createHash("sha256").update(releaseText(orderBody, shipmentBody), "utf8").digest("hex"),
});

/** Every key under which a scan may find the order, as the station computes them from a scan. */
export function collectIdentifiers(order: Order): string[] {
  const texts = [order.waybill, order.trackingNumber, order.reference, order.orderId];
  return [...new Set(texts.flatMap((text) => (text === undefined ? [] : identifiersFor(text))))];
}

/** The parts of a stored order as the model knows them. */
export const parseStoredOrder = (body: string): Order => orderSchema.parse(JSON.parse(body));
