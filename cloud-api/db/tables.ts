import type { ColumnType, Generated } from "kysely";

/** Columns that the database fills and nobody writes. */
type Assigned<T> = ColumnType<T, never, never>;
type Instant = ColumnType<Date, Date | string | undefined, Date | string>;

/** `shape_row` numbers the rows of a synced table in insertion order: the cursor of a shape's first snapshot. */
type Synced = { shape_row: Assigned<number> };

export type OrdersTable = Synced & {
  order_id: string;
  revision: number;
  /** Exact JSON text of the model's schema; the other columns are derived from it. */
  body: string;
  waybill: string;
  reference: string | null;
  tracking_number: string | null;
  channel_code: string;
  status: string;
  declared_weight_grams: number;
  country: string;
  consignee_name: string;
  updated_at: Instant;
};

export type ShipmentsTable = Synced & {
  order_id: string;
  revision: number;
  body: string;
  label_kind: string;
};
export type ReleasesTable = Synced & { order_id: string; revision: number; parts_hash: string };
export type ChannelsTable = Synced & { code: string; version: number; body: string };
export type SortPlansTable = Synced & { plan_id: string; version: number; body: string };

export type AcknowledgementsTable = Synced & {
  station_id: string;
  log_id: string;
  received_through: number;
  durable_through: number;
  last_hash: string;
  updated_at: Instant;
};

export type OrderIdentifiersTable = { identifier: string; order_id: string };

export type StationsTable = {
  station_id: string;
  name: string;
  /** SHA-256 hex of the token; the token itself is shown once and never stored. */
  token_hash: string;
  registered_at: Instant;
};

export type FactsTable = {
  station_id: string;
  log_id: string;
  sequence: number;
  /** As the station hashed it; never touched again. */
  text: string;
  hash: string;
  fact_id: string;
  type: string;
  version: number;
  lane: string | null;
  parcel_id: string | null;
  occurred_at: string;
  /** Null where PostgreSQL's jsonb cannot hold the text (U+0000, half a surrogate pair). */
  payload: ColumnType<unknown, string | null, never>;
  received_at: Instant;
};

export type FactAlarmsTable = {
  alarm_id: Generated<number>;
  station_id: string;
  log_id: string;
  sequence: number;
  kind: string;
  stored_hash: string;
  offered_hash: string;
  raised_at: Instant;
};

export type ParcelsTable = {
  station_id: string;
  parcel_id: string;
  lane: string | null;
  barcode: string | null;
  weight_grams: number | null;
  length_millimetres: number | null;
  width_millimetres: number | null;
  height_millimetres: number | null;
  order_id: string | null;
  channel_code: string | null;
  verdict: string | null;
  outcome: string | null;
  reasons: ColumnType<unknown, string | null, string | null>;
  chute: number | null;
  label_state: string | null;
  divert_state: string | null;
  fact_count: number;
  first_occurred_at: string;
  last_occurred_at: string;
  last_fact: string;
  updated_at: Instant;
};

export type ShapeLogTable = {
  /** Transaction id as text: xid8 is wider than a JavaScript number. */
  xid: Assigned<string>;
  entry: Assigned<number>;
  table_name: string;
  operation: string;
  key: string;
  scope: string | null;
};

export type ShapeStateTable = { table_name: string; epoch: string; trimmed_xid: string };

export type CloudTables = {
  orders: OrdersTable;
  shipments: ShipmentsTable;
  releases: ReleasesTable;
  channels: ChannelsTable;
  sort_plans: SortPlansTable;
  acknowledgements: AcknowledgementsTable;
  order_identifiers: OrderIdentifiersTable;
  stations: StationsTable;
  facts: FactsTable;
  fact_alarms: FactAlarmsTable;
  parcels: ParcelsTable;
  shape_log: ShapeLogTable;
  shape_state: ShapeStateTable;
};
