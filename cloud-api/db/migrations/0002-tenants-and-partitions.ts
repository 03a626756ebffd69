import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * Tenants and hubs around everything, keys and codes of those who may come in, and facts in partitions by month
 * and station. What was there before belongs to the tenant `default` and its hub `main`.
 */
export const tenantsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};

/** The changes of synced tables are captured anew by the next migration. */
const dropCapture = [
  ...["orders", "shipments", "releases", "channels", "sort_plans", "acknowledgements"].flatMap((table) => [
    ...["insert", "update", "delete"].map(
      (operation) => `DROP FUNCTION ${table}_capture_${operation} CASCADE`,
    ),
    ...(table === "orders" ? [] : [`ALTER TABLE ${table} DROP COLUMN shape_row`]),
  ]),
  "DROP TABLE shape_log, shape_state",
];

const tenants = [
  "CREATE TABLE tenants (tenant_id text PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())",
  `CREATE TABLE hubs (
    tenant_id text NOT NULL REFERENCES tenants, hub_id text NOT NULL, name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, hub_id))`,
  "INSERT INTO tenants (tenant_id, name) VALUES ('default', 'default')",
  "INSERT INTO hubs (tenant_id, hub_id, name) VALUES ('default', 'main', 'main')",
];

/** The default fills the rows that are there and is then taken away: from now on every writer says whose a row is. */
const addOwner = (table: string, columns: readonly ("tenant_id" | "hub_id")[]): string[] =>
  columns.flatMap((column) => [
    `ALTER TABLE ${table} ADD COLUMN ${column} text NOT NULL DEFAULT '${column === "tenant_id" ? "default" : "main"}'`,
    `ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT`,
  ]);

const rekey = (table: string, key: string): string[] => [
  `ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`,
  `ALTER TABLE ${table} ADD PRIMARY KEY (${key})`,
];

const owners = [
  ...["orders", "shipments", "releases"].flatMap((table) => [
    ...addOwner(table, ["tenant_id", "hub_id"]),
    ...rekey(table, "tenant_id, order_id"),
  ]),
  "ALTER TABLE orders RENAME COLUMN shape_row TO import_number",
  "ALTER TABLE orders ADD COLUMN customer_id text",
  "ALTER TABLE orders ADD COLUMN erased_at timestamptz",
  "DROP INDEX orders_waybill",
  "CREATE INDEX orders_waybill ON orders (tenant_id, waybill)",
  ...addOwner("channels", ["tenant_id"]),
  ...rekey("channels", "tenant_id, code"),
  ...addOwner("sort_plans", ["tenant_id", "hub_id"]),
  ...rekey("sort_plans", "tenant_id, hub_id, plan_id"),
  ...addOwner("order_identifiers", ["tenant_id"]),
  ...rekey("order_identifiers", "tenant_id, identifier, order_id"),
  "DROP INDEX order_identifiers_order",
  "CREATE INDEX order_identifiers_order ON order_identifiers (tenant_id, order_id)",
  ...addOwner("parcels", ["tenant_id", "hub_id"]),
  "DROP INDEX parcels_order",
  "CREATE INDEX parcels_order ON parcels (tenant_id, order_id) WHERE order_id IS NOT NULL",
];

const keys = [
  ...addOwner("stations", ["tenant_id", "hub_id"]),
  "ALTER TABLE stations ADD FOREIGN KEY (tenant_id, hub_id) REFERENCES hubs",
  "ALTER TABLE stations DROP COLUMN token_hash",
  // Ed25519, raw 32 bytes in base64url; null until the station has enrolled.
  "ALTER TABLE stations ADD COLUMN public_key text, ADD COLUMN enrolled_at timestamptz, ADD COLUMN revoked_at timestamptz",
  `CREATE TABLE enrolment_codes (
    code_hash text PRIMARY KEY, station_id text NOT NULL REFERENCES stations ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, used_at timestamptz)`,
  "CREATE INDEX enrolment_codes_station ON enrolment_codes (station_id)",
  `CREATE TABLE station_tokens (
    token_hash text PRIMARY KEY, station_id text NOT NULL REFERENCES stations ON DELETE CASCADE,
    expires_at timestamptz NOT NULL)`,
  "CREATE INDEX station_tokens_station ON station_tokens (station_id)",
  // What a station last said of itself; `clock_offset_ms` is its clock less ours.
  `CREATE TABLE station_reports (
    station_id text PRIMARY KEY REFERENCES stations ON DELETE CASCADE, reported_at timestamptz NOT NULL DEFAULT now(),
    app_version text NOT NULL, wire_version bigint NOT NULL, clock_offset_ms bigint NOT NULL, body jsonb NOT NULL)`,
  `CREATE TABLE customers (
    tenant_id text NOT NULL, customer_id text NOT NULL, hub_id text NOT NULL, name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, hub_id) REFERENCES hubs)`,
  `CREATE TABLE api_keys (
    key_id text PRIMARY KEY, key_hash text NOT NULL UNIQUE, tenant_id text NOT NULL, customer_id text NOT NULL,
    name text NOT NULL, scopes jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers)`,
  // A null hub means every hub of the tenant.
  `CREATE TABLE role_grants (
    grant_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id text NOT NULL,
    tenant_id text NOT NULL REFERENCES tenants, hub_id text, role text NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(), FOREIGN KEY (tenant_id, hub_id) REFERENCES hubs)`,
  "CREATE UNIQUE INDEX role_grants_once ON role_grants (person_id, tenant_id, coalesce(hub_id, ''), role)",
  // Who did what to whom: never changed, never with secrets or addresses.
  `CREATE TABLE audit_log (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),
    tenant_id text NOT NULL, actor text NOT NULL, action text NOT NULL, subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}', request_id text)`,
  "CREATE INDEX audit_log_newest ON audit_log (tenant_id, audit_id DESC)",
  `CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log is never changed or removed'; END $$`,
  `CREATE TRIGGER audit_log_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`,
];

/**
 * By month of arrival, and within a month by station: a month can be moved or dropped whole, and one station's
 * facts lie in one part of it. The month must be in the key; that a sequence comes once however the months turn
 * is kept by the lock on the log's head.
 */
const partitions = [
  "ALTER TABLE facts RENAME TO facts_unpartitioned",
  "ALTER TABLE facts_unpartitioned RENAME CONSTRAINT facts_pkey TO facts_unpartitioned_pkey",
  "DROP INDEX facts_parcel",
  "DROP INDEX facts_received",
  `CREATE TABLE facts (
    station_id text NOT NULL, log_id text NOT NULL, sequence bigint NOT NULL, month date NOT NULL,
    text text NOT NULL, hash text NOT NULL, fact_id text NOT NULL, type text NOT NULL, version bigint NOT NULL,
    lane text, parcel_id text, occurred_at text NOT NULL, payload jsonb,
    received_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (station_id, log_id, sequence, month))
    PARTITION BY RANGE (month)`,
  "CREATE INDEX facts_parcel ON facts (parcel_id, station_id) WHERE parcel_id IS NOT NULL",
  "CREATE INDEX facts_received ON facts (received_at DESC, sequence DESC)",
  // A trigger for each row is inherited by every partition, one for a statement is not.
  `CREATE TRIGGER facts_are_final BEFORE UPDATE OR DELETE ON facts
    FOR EACH ROW EXECUTE FUNCTION refuse_fact_change()`,
  `CREATE TRIGGER facts_are_not_truncated BEFORE TRUNCATE ON facts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_fact_change()`,
  `CREATE FUNCTION add_fact_month(wanted date) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      first_day date := date_trunc('month', wanted);
      part text := 'facts_' || to_char(first_day, 'YYYY_MM');
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('waystation facts'));
      IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
      EXECUTE format('CREATE TABLE %I PARTITION OF facts FOR VALUES FROM (%L) TO (%L) PARTITION BY HASH (station_id)',
        part, first_day, (first_day + interval '1 month')::date);
      FOR bucket IN 0..3 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 4, REMAINDER %s)',
          part || '_' || bucket, part, bucket);
        EXECUTE format('CREATE TRIGGER facts_are_not_truncated BEFORE TRUNCATE ON %I
          FOR EACH STATEMENT EXECUTE FUNCTION refuse_fact_change()', part || '_' || bucket);
      END LOOP;
    END $$`,
  "SELECT add_fact_month(month::date) FROM (SELECT DISTINCT date_trunc('month', received_at) AS month FROM facts_unpartitioned) AS old",
  "SELECT add_fact_month(current_date), add_fact_month((current_date + interval '1 month')::date)",
  `INSERT INTO facts (station_id, log_id, sequence, month, text, hash, fact_id, type, version, lane, parcel_id,
      occurred_at, payload, received_at)
    SELECT station_id, log_id, sequence, date_trunc('month', received_at)::date, text, hash, fact_id, type, version,
      lane, parcel_id, occurred_at, payload, received_at FROM facts_unpartitioned`,
  "DROP TABLE facts_unpartitioned",
  `CREATE TRIGGER facts_notice AFTER INSERT OR UPDATE ON facts
    FOR EACH STATEMENT EXECUTE FUNCTION facts_notice()`,
  // Facts of a type this program did not know when they came; a later one folds them into their parcels.
  `CREATE TABLE facts_to_project (
    station_id text NOT NULL, log_id text NOT NULL, sequence bigint NOT NULL, parcel_id text NOT NULL,
    name text NOT NULL, PRIMARY KEY (station_id, log_id, sequence))`,
  "CREATE INDEX facts_to_project_name ON facts_to_project (name)",
  `CREATE TRIGGER station_reports_notice AFTER INSERT OR UPDATE ON station_reports
    FOR EACH STATEMENT EXECUTE FUNCTION stations_notice()`,
];

const statements: readonly string[] = [...dropCapture, ...tenants, ...owners, ...keys, ...partitions];
