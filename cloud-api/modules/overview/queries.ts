import { type Kysely, sql } from "kysely";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import type { CloudTables } from "../../db/tables.ts";
import { inOrderScope, inScope } from "../access/in-scope.ts";
import type { Scope } from "../access/principal.ts";
import type { FactView, OrderView, Overview, Page, ParcelView, StationCounts } from "./console-contract.ts";

type Db = Kysely<CloudTables>;
export type PageRequest = { readonly search: string; readonly after: string | null };

const pageRows = 50;

function toPage<T>(rows: readonly T[], cursor: (row: T) => string): Page<T> {
  const items = rows.slice(0, pageRows);
  const last = items.at(-1);
  return { items, next: rows.length > pageRows && last !== undefined ? cursor(last) : null };
}

const stationsInScope = (scope: Scope) =>
  sql`select s.station_id from stations s where ${inScope(scope, "s")}`;

/** Counters, and how far every station is. Facts are contiguous per log, so their number is the sum of the heads. */
export async function readOverview(db: Db, scope: Scope): Promise<Overview> {
  const { rows: totals } = await sql<{ orders: number; facts: number; alarms: number }>`
    select (select count(*) from orders o where ${inScope(scope, "o")}) as orders,
      (select count(*) from fact_alarms where station_id in (${stationsInScope(scope)})) as alarms,
      (select coalesce(sum(received_through), 0)::bigint from acknowledgements
        where station_id in (${stationsInScope(scope)})) as facts`.execute(db);
  const { rows: parcels } = await sql<{ outcome: string; count: number }>`
    select coalesce(outcome, 'open') as outcome, count(*) as count from parcels p
    where ${inScope(scope, "p")} group by 1`.execute(db);
  const { rows: stations } = await sql<Overview["stations"][number] & { lastReceivedAt: Date | null }>`
    select s.station_id as "stationId", s.name, count(a.log_id) as logs,
      coalesce(sum(a.received_through), 0)::bigint as "factsReceived",
      coalesce(sum(a.received_through - a.durable_through), 0)::bigint as "factsNotDurable",
      max(a.updated_at) as "lastReceivedAt"
    from stations s left join acknowledgements a using (station_id)
    where ${inScope(scope, "s")}
    group by s.station_id, s.name order by s.station_id limit 500`.execute(db);
  const { orders, facts, alarms } = totals[0] ?? { orders: 0, facts: 0, alarms: 0 };
  return {
    orders,
    facts,
    alarms,
    parcels: Object.fromEntries(parcels.map((row) => [row.outcome, row.count])),
    stations,
  };
}

/** Newest import first; a search finds by any identifier of the order. */
export async function listOrders(
  db: Db,
  scope: Scope,
  { search, after }: PageRequest,
): Promise<Page<OrderView>> {
  const found =
    search === ""
      ? sql``
      : sql`and (o.order_id = ${search} or o.order_id in (${ordersBySearch(scope, search)}))`;
  const { rows } = await sql<OrderView & { row: string }>`
    select o.order_id as "orderId", o.revision, o.waybill, o.tracking_number as "trackingNumber", o.reference,
      o.channel_code as "channelCode", o.status, o.declared_weight_grams as "weightGrams", o.country,
      o.consignee_name as "consigneeName", s.label_kind as "labelKind", o.import_number::text as row
    from orders o join shipments s using (tenant_id, order_id)
    where ${inOrderScope(scope, "o")} and o.import_number < ${readNumber(after)} ${found}
    order by o.import_number desc limit ${pageRows + 1}`.execute(db);
  return toPage(rows, (row) => row.row);
}

/** Newest parcel first: parcel ids grow with time. */
export async function listParcels(
  db: Db,
  scope: Scope,
  { search, after }: PageRequest,
): Promise<Page<ParcelView>> {
  const key = readPair(after);
  const older = key === null ? sql`` : sql`and (parcel_id, station_id) < (${key[0]}, ${key[1]})`;
  const found =
    search === ""
      ? sql``
      : sql`and (parcel_id = ${search} or barcode = ${search} or order_id = ${search}
          or barcode in (select jsonb_array_elements_text(${JSON.stringify(identifiersFor(search))}::jsonb))
          or order_id in (${ordersBySearch(scope, search)}))`;
  const own =
    scope.customerId === null
      ? sql``
      : sql`and exists (select 1 from orders o where o.tenant_id = p.tenant_id and o.order_id = p.order_id
          and o.customer_id = ${scope.customerId})`;
  const { rows } = await sql<ParcelView>`
    select station_id as "stationId", parcel_id as "parcelId", lane, barcode, weight_grams as "weightGrams",
      order_id as "orderId", channel_code as "channelCode", verdict, outcome, reasons, chute,
      label_state as "labelState", divert_state as "divertState", fact_count as "factCount",
      last_occurred_at as "lastOccurredAt"
    from parcels p where ${inScope(scope, "p")} ${own} ${older} ${found}
    order by parcel_id desc, station_id desc limit ${pageRows + 1}`.execute(db);
  return toPage(rows, (row) => JSON.stringify([row.parcelId, row.stationId]));
}

/** Last received first. The cursor counts microseconds, which PostgreSQL keeps and a JavaScript date does not. */
export async function listFacts(
  db: Db,
  scope: Scope,
  { search, after }: PageRequest,
): Promise<Page<FactView>> {
  const [received, sequence] = readPair(after) ?? [];
  const older =
    isCount(received) && isCount(sequence)
      ? sql`and (received_at, sequence) <
        (timestamptz 'epoch' + ${received}::text::bigint * interval '1 microsecond', ${sequence}::text::bigint)`
      : sql``;
  const found =
    search === "" ? sql`` : sql`and (parcel_id = ${search} or type = ${search} or station_id = ${search})`;
  const { rows } = await sql<FactView & { received: string }>`
    select ${factColumns}, (extract(epoch from received_at) * 1000000)::bigint::text as received
    from facts where station_id in (${stationsInScope(scope)}) ${older} ${found}
    order by received_at desc, sequence desc limit ${pageRows + 1}`.execute(db);
  return toPage(rows, (row) => JSON.stringify([row.received, String(row.sequence)]));
}

const isCount = (text: string | undefined): text is string => text !== undefined && /^\d{1,17}$/.test(text);

/** Everything one station recorded of one parcel, in the order of its log. */
export async function listParcelFacts(
  db: Db,
  scope: Scope,
  stationId: string,
  parcelId: string,
): Promise<readonly FactView[]> {
  const { rows } = await sql<FactView>`
    select ${factColumns} from facts where station_id = ${stationId} and parcel_id = ${parcelId}
      and station_id in (${stationsInScope(scope)})
    order by log_id, sequence limit 500`.execute(db);
  return rows;
}

/** How many parcels ended how, and how many facts of each type came from one station. */
export async function countStation(db: Db, scope: Scope, stationId: string): Promise<StationCounts> {
  const own = sql`station_id = ${stationId} and station_id in (${stationsInScope(scope)})`;
  const { rows: outcomes } = await sql<{ name: string; count: number }>`
    select coalesce(outcome, 'open') as name, count(*) as count from parcels where ${own} group by 1`.execute(
    db,
  );
  const { rows: factTypes } = await sql<{ name: string; count: number }>`
    select type as name, count(*) as count from facts where ${own} group by 1 limit 500`.execute(db);
  const { rows: heads } = await sql<{ received: number }>`
    select coalesce(sum(received_through), 0)::bigint as received from acknowledgements where ${own}`.execute(
    db,
  );
  const byName = (rows: readonly { name: string; count: number }[]) =>
    Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  return { outcomes: byName(outcomes), factTypes: byName(factTypes), received: heads[0]?.received ?? 0 };
}

const factColumns = sql`station_id as "stationId", log_id as "logId", sequence, type, version, lane,
  parcel_id as "parcelId", occurred_at as "occurredAt", received_at as "receivedAt", fact_payload(text) as payload`;

const ordersBySearch = (scope: Scope, search: string) => sql`select order_id from order_identifiers
  where tenant_id = ${scope.tenantId} and identifier in (select jsonb_array_elements_text(${JSON.stringify(identifiersFor(search))}::jsonb))`;

const readNumber = (after: string | null): number =>
  after !== null && /^\d{1,15}$/.test(after) ? Number(after) : Number.MAX_SAFE_INTEGER;

function readPair(after: string | null): readonly [string, string] | null {
  try {
    const pair: unknown = JSON.parse(after ?? "null");
    const [first, second] = Array.isArray(pair) ? pair : [];
    return typeof first === "string" && typeof second === "string" ? [first, second] : null;
  } catch {
    return null;
  }
}
