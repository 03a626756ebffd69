import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/** Only what PostgreSQL 15 knows; the embedded database is PostgreSQL 18 and takes the same text. */
export const initialMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements()) await sql.raw(statement).execute(db);
  },
};

/** Synced tables: the text key of a row, and who alone may see it (null: every station). */
const synced = [
  { table: "orders", key: "order_id", scope: "NULL" },
  { table: "shipments", key: "order_id", scope: "NULL" },
  { table: "releases", key: "order_id", scope: "NULL" },
  { table: "channels", key: "code", scope: "NULL" },
  { table: "sort_plans", key: "plan_id", scope: "NULL" },
  { table: "acknowledgements", key: "log_id", scope: "station_id" },
] as const;

const shapeRow = "shape_row bigint GENERATED ALWAYS AS IDENTITY UNIQUE";

const noticed = ["facts", "parcels", "stations"] as const;

function statements(): string[] {
  return [
    ...orderTables,
    ...factTables,
    ...shapeTables,
    ...synced.flatMap(captureChanges),
    ...noticed.flatMap(noticeChanges),
  ];
}

const orderTables = [
  `CREATE TABLE orders (
    order_id text PRIMARY KEY, revision bigint NOT NULL, body text NOT NULL,
    waybill text NOT NULL, reference text, tracking_number text, channel_code text NOT NULL,
    status text NOT NULL, declared_weight_grams integer NOT NULL, country text NOT NULL,
    consignee_name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(), ${shapeRow})`,
  "CREATE INDEX orders_waybill ON orders (waybill)",
  `CREATE TABLE shipments (
    order_id text PRIMARY KEY, revision bigint NOT NULL, body text NOT NULL, label_kind text NOT NULL, ${shapeRow})`,
  `CREATE TABLE releases (
    order_id text PRIMARY KEY, revision bigint NOT NULL, parts_hash text NOT NULL, ${shapeRow})`,
  `CREATE TABLE channels (code text PRIMARY KEY, version bigint NOT NULL, body text NOT NULL, ${shapeRow})`,
  `CREATE TABLE sort_plans (plan_id text PRIMARY KEY, version bigint NOT NULL, body text NOT NULL, ${shapeRow})`,
  `CREATE TABLE order_identifiers (
    identifier text NOT NULL, order_id text NOT NULL, PRIMARY KEY (identifier, order_id))`,
  "CREATE INDEX order_identifiers_order ON order_identifiers (order_id)",
];

const factTables = [
  `CREATE TABLE stations (
    station_id text PRIMARY KEY, name text NOT NULL, token_hash text NOT NULL UNIQUE,
    registered_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE TABLE facts (
    station_id text NOT NULL, log_id text NOT NULL, sequence bigint NOT NULL,
    text text NOT NULL, hash text NOT NULL, fact_id text NOT NULL, type text NOT NULL, version bigint NOT NULL,
    lane text, parcel_id text, occurred_at text NOT NULL, payload jsonb,
    received_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (station_id, log_id, sequence))`,
  "CREATE INDEX facts_parcel ON facts (parcel_id, station_id) WHERE parcel_id IS NOT NULL",
  "CREATE INDEX facts_received ON facts (received_at DESC, sequence DESC)",
  `CREATE FUNCTION refuse_fact_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'facts are never changed or removed'; END $$`,
  `CREATE TRIGGER facts_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON facts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_fact_change()`,
  `CREATE TABLE acknowledgements (
    station_id text NOT NULL, log_id text NOT NULL, received_through bigint NOT NULL DEFAULT 0,
    durable_through bigint NOT NULL DEFAULT 0, last_hash text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), ${shapeRow}, PRIMARY KEY (station_id, log_id))`,
  `CREATE TABLE fact_alarms (
    alarm_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, station_id text NOT NULL, log_id text NOT NULL,
    sequence bigint NOT NULL, kind text NOT NULL, stored_hash text NOT NULL, offered_hash text NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(), UNIQUE (station_id, log_id, sequence, kind))`,
  `CREATE TABLE parcels (
    station_id text NOT NULL, parcel_id text NOT NULL, lane text, barcode text, weight_grams bigint,
    length_millimetres bigint, width_millimetres bigint, height_millimetres bigint,
    order_id text, channel_code text, verdict text, outcome text, reasons jsonb, chute bigint,
    label_state text, divert_state text, fact_count integer NOT NULL,
    first_occurred_at text NOT NULL, last_occurred_at text NOT NULL, last_fact text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (station_id, parcel_id))`,
  "CREATE INDEX parcels_newest ON parcels (parcel_id DESC, station_id)",
  "CREATE INDEX parcels_order ON parcels (order_id) WHERE order_id IS NOT NULL",
  "CREATE INDEX parcels_barcode ON parcels (barcode) WHERE barcode IS NOT NULL",
];

/**
 * The log names changed rows and holds no copy of them: a reader joins the row as it is now, so an order with
 * a 256 kB label is not stored twice and many changes of one row cost one message.
 */
const shapeTables = [
  `CREATE TABLE shape_log (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(), entry bigint GENERATED ALWAYS AS IDENTITY,
    table_name text NOT NULL, operation text NOT NULL, key text NOT NULL, scope text,
    PRIMARY KEY (table_name, xid, entry))`,
  "CREATE INDEX shape_log_key ON shape_log (table_name, key, xid, entry)",
  // A new epoch makes every position of the table unknown; entries below trimmed_xid may be gone.
  `CREATE TABLE shape_state (
    table_name text PRIMARY KEY, epoch uuid NOT NULL DEFAULT gen_random_uuid(), trimmed_xid xid8 NOT NULL DEFAULT '0')`,
  `INSERT INTO shape_state (table_name) VALUES ${synced.map(({ table }) => `('${table}')`).join(", ")}`,
];

/** Statement triggers with transition tables: one insert into the log for a batch of any size. */
function captureChanges({ table, key, scope }: (typeof synced)[number]): string[] {
  return (["insert", "update", "delete"] as const).flatMap((operation) => {
    const name = `${table}_capture_${operation}`;
    const transition = operation === "delete" ? "OLD" : "NEW";
    return [
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF EXISTS (SELECT 1 FROM changed) THEN
            INSERT INTO shape_log (table_name, operation, key, scope)
              SELECT '${table}', '${operation}', ${key}, ${scope} FROM changed;
            PERFORM pg_notify('waystation_changes', '${table}');
          END IF;
          RETURN NULL;
        END $$`,
      `CREATE TRIGGER ${name} AFTER ${operation.toUpperCase()} ON ${table}
        REFERENCING ${transition} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
    ];
  });
}

/** Tables the console watches; equal notices of one transaction are delivered once. */
function noticeChanges(table: (typeof noticed)[number]): string[] {
  return [
    `CREATE FUNCTION ${table}_notice() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_notify('waystation_changes', '${table}'); RETURN NULL; END $$`,
    `CREATE TRIGGER ${table}_notice AFTER INSERT OR UPDATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION ${table}_notice()`,
  ];
}
