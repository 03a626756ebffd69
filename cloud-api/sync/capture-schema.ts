import { type Kysely, type QueryExecutorProvider, sql } from "kysely";

/** Raised when the objects below change; `ensureShapeCapture` then brings a database up to date. */
const captureVersion = "1";

/** Taken for the moment of a commit only, by every transaction that changed a captured table. */
const commitLock = "7283950431";

/** Taken while the schema below is set up, so that two processes do not do it at once. */
const setupLock = "7283950432";

/**
 * How rows are written as text. Each captured change is text, so that every type looks the same whatever the
 * writing session has set.
 */
export const textSettings: readonly (readonly [name: string, value: string])[] = [
  ["datestyle", "ISO, YMD"],
  ["timezone", "UTC"],
  ["bytea_output", "hex"],
  ["extra_float_digits", "1"],
  ["intervalstyle", "iso_8601"],
];

const fixedSettings = [
  "SET search_path = pg_catalog, pg_temp",
  ...textSettings.map(([name, value]) => `SET ${name} = '${value}'`),
].join(" ");

const functionHead = (name: string, settings: string = fixedSettings): string =>
  `CREATE OR REPLACE FUNCTION waystation_shapes.${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${settings}`;

/** The planner takes transition tables for tiny and would write out the inner one's rows once for each outer row. */
const withoutNestedLoops = `${fixedSettings} SET enable_nestloop = off`;

/**
 * The function's body around the statement that writes the log. A setting local to the transaction counts its
 * entries: it is free, and a savepoint that is rolled back takes it along.
 */
const captureBody = (insert: string): string => `AS $$
  DECLARE
    base bigint := nullif(current_setting('waystation_shapes.position', true), '')::bigint;
    written bigint;
  BEGIN
    ${insert};
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
      IF base IS NULL THEN
        INSERT INTO waystation_shapes.commits (xid) VALUES (pg_current_xact_id());
      END IF;
      PERFORM set_config('waystation_shapes.position', (coalesce(base, 0) + written)::text, true);
      PERFORM pg_notify('waystation_changes', '=' || TG_TABLE_NAME);
    END IF;
    RETURN NULL;
  END $$`;

const insertEntries = (operation: string, oldRecord: string, newRecord: string, from: string): string =>
  `INSERT INTO waystation_shapes.log (xid, relation, position, operation, old_record, new_record)
      SELECT pg_current_xact_id(), TG_RELID, coalesce(base, 0) + row_number() OVER () - 1, '${operation}',
        ${oldRecord}, ${newRecord} FROM ${from}`;

/**
 * The two transition tables of an UPDATE are filled side by side, so the same position is the same row; no key
 * could say that, since keys change too. A row that stays as it was is no change.
 */
const changedPairs = `(
        SELECT o.record AS old_record, n.record AS new_record
        FROM (SELECT old_rows::text AS record, row_number() OVER () AS at FROM old_rows) o
        JOIN (SELECT new_rows::text AS record, row_number() OVER () AS at FROM new_rows) n USING (at)
        WHERE o.record <> n.record ORDER BY at) pairs`;

const statements: readonly string[] = [
  "CREATE SCHEMA IF NOT EXISTS waystation_shapes",
  `CREATE TABLE IF NOT EXISTS waystation_shapes.relations (
    relation oid PRIMARY KEY, schema_name text NOT NULL, table_name text NOT NULL,
    signature text NOT NULL, epoch text NOT NULL DEFAULT gen_random_uuid()::text)`,
  `CREATE TABLE IF NOT EXISTS waystation_shapes.log (
    xid xid8 NOT NULL, relation oid NOT NULL, position bigint NOT NULL, operation "char" NOT NULL,
    old_record text, new_record text, PRIMARY KEY (xid, position, relation))`,
  // Records are written and read once or twice: compressing them costs more than it saves.
  "ALTER TABLE waystation_shapes.log ALTER old_record SET STORAGE EXTERNAL, ALTER new_record SET STORAGE EXTERNAL",
  `CREATE TABLE IF NOT EXISTS waystation_shapes.commits (
    xid xid8 PRIMARY KEY, number bigint, entries bigint, at timestamptz)`,
  "CREATE UNIQUE INDEX IF NOT EXISTS commits_number ON waystation_shapes.commits (number)",
  "CREATE SEQUENCE IF NOT EXISTS waystation_shapes.commit_number",
  // Where each snapshot that was handed out ends and the log goes on.
  `CREATE TABLE IF NOT EXISTS waystation_shapes.snapshots (
    handle text PRIMARY KEY, start bigint NOT NULL, last_chunk integer NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE TABLE IF NOT EXISTS waystation_shapes.state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), version text NOT NULL DEFAULT '',
    identity text NOT NULL DEFAULT '', trimmed_through bigint NOT NULL DEFAULT 0)`,
  "INSERT INTO waystation_shapes.state DEFAULT VALUES ON CONFLICT DO NOTHING",
  `${functionHead("capture_insert")} ${captureBody(insertEntries("i", "NULL", "new_rows::text", "new_rows"))}`,
  `${functionHead("capture_update", withoutNestedLoops)} ${captureBody(insertEntries("u", "old_record", "new_record", changedPairs))}`,
  `${functionHead("capture_delete")} ${captureBody(insertEntries("d", "old_rows::text", "NULL", "old_rows"))}`,
  `${functionHead("capture_truncate")} ${captureBody(
    `UPDATE waystation_shapes.relations SET epoch = gen_random_uuid()::text WHERE relation = TG_RELID;
    INSERT INTO waystation_shapes.log (xid, relation, position, operation)
      VALUES (pg_current_xact_id(), TG_RELID, coalesce(base, 0), 't')`,
  )}`,
  // Numbers follow the order of commits: the lock is held from here until the commit is visible, so whoever
  // sees a number sees everything below it.
  `${functionHead("number_commit", "SET search_path = pg_catalog, pg_temp")} AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(${commitLock});
    UPDATE waystation_shapes.commits
      SET number = nextval('waystation_shapes.commit_number'), at = clock_timestamp(),
        entries = nullif(current_setting('waystation_shapes.position', true), '')::bigint
      WHERE xid = NEW.xid;
    RETURN NULL;
  END $$`,
  "DROP TRIGGER IF EXISTS number_commit ON waystation_shapes.commits",
  `CREATE CONSTRAINT TRIGGER number_commit AFTER INSERT ON waystation_shapes.commits
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION waystation_shapes.number_commit()`,
  "ALTER TABLE waystation_shapes.commits ENABLE ALWAYS TRIGGER number_commit",
  `UPDATE waystation_shapes.state SET version = '${captureVersion}'`,
];

/** Sets up the schema `waystation_shapes`, and nothing else; cheap when it is there. */
export async function ensureShapeCapture(db: Kysely<unknown>): Promise<void> {
  if (await isCaptureReady(db)) return;
  if (db.isTransaction) return runSetup(db);
  await db.transaction().execute(runSetup);
}

async function runSetup(db: QueryExecutorProvider): Promise<void> {
  await sql.raw(`SELECT pg_advisory_xact_lock(${setupLock})`).execute(db);
  if (await isCaptureReady(db)) return;
  for (const statement of statements) await sql.raw(statement).execute(db);
}

async function isCaptureReady(db: QueryExecutorProvider): Promise<boolean> {
  const found = await sql<{ present: boolean }>`
    select to_regclass('waystation_shapes.state') is not null as present`.execute(db);
  if (found.rows[0]?.present !== true) return false;
  const { rows } = await sql<{ version: string }>`select version from waystation_shapes.state`.execute(db);
  return rows[0]?.version === captureVersion;
}

const triggers = [
  {
    name: "waystation_shapes_insert",
    event: "INSERT",
    call: "capture_insert",
    rows: "NEW TABLE AS new_rows",
  },
  {
    name: "waystation_shapes_update",
    event: "UPDATE",
    call: "capture_update",
    rows: "OLD TABLE AS old_rows NEW TABLE AS new_rows",
  },
  {
    name: "waystation_shapes_delete",
    event: "DELETE",
    call: "capture_delete",
    rows: "OLD TABLE AS old_rows",
  },
  { name: "waystation_shapes_truncate", event: "TRUNCATE", call: "capture_truncate", rows: "" },
] as const;

/**
 * Captures every later change of the table, whoever makes it. Waits for the table's open writers, and lets no
 * other begin meanwhile, so nothing falls between "before" and "captured".
 */
export async function captureTable(db: QueryExecutorProvider, schema: string, table: string): Promise<void> {
  const target = sql`${sql.id(schema, table)}`;
  for (const { name: trigger, event, call, rows } of triggers) {
    await sql`drop trigger if exists ${sql.id(trigger)} on ${target}`.execute(db);
    await sql`create trigger ${sql.id(trigger)} after ${sql.raw(event)} on ${target}
      ${sql.raw(rows === "" ? "" : `referencing ${rows}`)}
      for each statement execute function ${sql.id("waystation_shapes", call)}()`.execute(db);
    await sql`alter table ${target} enable always trigger ${sql.id(trigger)}`.execute(db);
  }
}

/** Every client begins anew: positions of another copy of this database mean nothing in this one. */
export async function renewEpochs(db: QueryExecutorProvider): Promise<void> {
  await sql`update waystation_shapes.relations set epoch = gen_random_uuid()::text`.execute(db);
  await sql`delete from waystation_shapes.snapshots`.execute(db);
}
