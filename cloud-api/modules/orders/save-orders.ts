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
type StoredOrder = {
  orderId: string;
  revision: number;
  orderBody: string;
  shipmentBody: string;
  status: string;
};

/**
 * Writes a batch: order, shipment, identifiers, and the release row last. Equal content changes nothing,
 * other content raises the revision. A cancelled order stays cancelled whatever a file says.
 */
export async function saveOrders(tx: Tx, batch: readonly OrderParts[]): Promise<SaveResult> {
  const current = await readStored(tx, batch);
  const owners = await readWaybillOwners(tx, batch);
  const changed = new Map<string, StoredOrder & { order: Order; label: Shipment["label"] }>();
  const rejected: { line: number; reason: string }[] = [];
  let unchanged = 0;
  let imported = 0;
  for (const { line, order: offered, label } of batch) {
    const owner = owners.get(offered.waybill);
    if (owner !== undefined && owner !== offered.orderId) {
      rejected.push({ line, reason: `waybill: already belongs to order ${owner}` });
      continue;
    }
    owners.set(offered.waybill, offered.orderId);
    const before = current.get(offered.orderId);
    const order: Order = before?.status === "cancelled" ? { ...offered, status: "cancelled" } : offered;
    const orderBody = JSON.stringify(order);
    const shipmentBody = JSON.stringify({ orderId: order.orderId, label } satisfies Shipment);
    if (before?.orderBody === orderBody && before.shipmentBody === shipmentBody) {
      unchanged += 1;
      continue;
    }
    const { orderId, status } = order;
    const after = { orderId, status, revision: (before?.revision ?? 0) + 1, orderBody, shipmentBody };
    current.set(orderId, after);
    changed.set(orderId, { ...after, order, label });
    imported += 1;
  }
  await writeParts(tx, [...changed.values()]);
  return { imported, unchanged, rejected };
}

/** Order ids as JSON text rather than an array parameter: both drivers bind it alike. */
async function readStored(tx: Tx, batch: readonly OrderParts[]): Promise<Map<string, StoredOrder>> {
  const ids = JSON.stringify(batch.map(({ order }) => order.orderId));
  const { rows } = await sql<StoredOrder>`
    select o.order_id as "orderId", o.revision, o.body as "orderBody", s.body as "shipmentBody", o.status
    from orders o join shipments s using (order_id)
    where o.order_id in (select jsonb_array_elements_text(${ids}::jsonb)) for update of o`.execute(tx);
  return new Map(rows.map((row) => [row.orderId, row]));
}

/** A waybill names one parcel; only a cancelled order gives its waybill free. */
async function readWaybillOwners(tx: Tx, batch: readonly OrderParts[]): Promise<Map<string, string>> {
  const waybills = JSON.stringify(batch.map(({ order }) => order.waybill));
  const { rows } = await sql<{ waybill: string; orderId: string }>`
    select waybill, order_id as "orderId" from orders
    where status <> 'cancelled' and waybill in (select jsonb_array_elements_text(${waybills}::jsonb))`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.waybill, row.orderId]));
}

type ChangedOrder = StoredOrder & { readonly order: Order; readonly label: Shipment["label"] };

async function writeParts(tx: Tx, changed: readonly ChangedOrder[]): Promise<void> {
  if (changed.length === 0) return;
  await writeBodies(tx, JSON.stringify(changed.map(toRow)));
  await writeIdentifiers(tx, changed);
  const releases = JSON.stringify(changed.map(toRelease));
  await sql`insert into releases (order_id, revision, parts_hash)
    select order_id, revision, parts_hash
    from jsonb_to_recordset(${releases}::jsonb) as r(order_id text, revision bigint, parts_hash text)
    on conflict (order_id) do update set revision = excluded.revision, parts_hash = excluded.parts_hash`.execute(
    tx,
  );
}

/** One statement for both tables: the bodies are most of a batch and cross to the database once. */
async function writeBodies(tx: Tx, rows: string): Promise<void> {
  await sql`with batch as materialized (
      select * from jsonb_to_recordset(${rows}::jsonb) as r(order_id text, revision bigint, body text, waybill text,
        reference text, tracking_number text, channel_code text, status text, declared_weight_grams integer,
        country text, consignee_name text, shipment_body text, label_kind text)),
    written as (
      insert into orders (order_id, revision, body, waybill, reference, tracking_number, channel_code, status,
          declared_weight_grams, country, consignee_name)
        select order_id, revision, body, waybill, reference, tracking_number, channel_code, status,
          declared_weight_grams, country, consignee_name from batch
      on conflict (order_id) do update set revision = excluded.revision, body = excluded.body, waybill = excluded.waybill,
        reference = excluded.reference, tracking_number = excluded.tracking_number, channel_code = excluded.channel_code,
        status = excluded.status, declared_weight_grams = excluded.declared_weight_grams, country = excluded.country,
        consignee_name = excluded.consignee_name, updated_at = now())
    insert into shipments (order_id, revision, body, label_kind)
      select order_id, revision, shipment_body, label_kind from batch
    on conflict (order_id) do update set revision = excluded.revision, body = excluded.body,
      label_kind = excluded.label_kind`.execute(tx);
}

async function writeIdentifiers(tx: Tx, changed: readonly ChangedOrder[]): Promise<void> {
  const known = JSON.stringify(
    changed.flatMap(({ order, revision }) => (revision > 1 ? [order.orderId] : [])),
  );
  const rows = changed.flatMap(({ order }) =>
    collectIdentifiers(order).map((identifier) => ({ identifier, order_id: order.orderId })),
  );
  await sql`delete from order_identifiers
    where order_id in (select jsonb_array_elements_text(${known}::jsonb))`.execute(tx);
  await sql`insert into order_identifiers (identifier, order_id)
    select identifier, order_id from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
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
