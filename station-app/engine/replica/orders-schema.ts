import type { Sqlite } from "../core/open-database.ts";

/**
 * orders.db: what came down from the cloud; may be thrown away and fetched again. `orders`, `labels` and
 * `identifiers` are what the station sees. A part waits in `pending_*` until its release row names exactly the parts
 * at hand; then they replace the visible version in one transaction. `complete`: the shape was up to date once;
 * `clearing`: it starts over and its former rows are on their way out.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    parts_hash TEXT NOT NULL,
    label_kind TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS labels (order_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS identifiers (value TEXT, order_id TEXT, PRIMARY KEY (value, order_id)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS identifiers_by_order ON identifiers (order_id);
  CREATE TABLE IF NOT EXISTS pending_orders (order_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS pending_shipments (order_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS releases (order_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, parts_hash TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS channels (code TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS sort_plans (plan_id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS refused_settings (shape TEXT, key TEXT, PRIMARY KEY (shape, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS shape_offsets (
    shape TEXT PRIMARY KEY,
    handle TEXT,
    offset TEXT NOT NULL,
    complete INTEGER NOT NULL,
    clearing INTEGER NOT NULL
  ) STRICT;
`;
const version = 2;

/** What a file is good for: `ready` to write on, or of another version and only to be read until it is replaced. */
export type SchemaState = "ready" | "foreign";

/** Takes an empty file or one of version 1 along; another version is left as it is, for its orders may still serve. */
export function prepareOrders(db: Sqlite): SchemaState {
  const found = Number(db.pragma("user_version", { simple: true }));
  if (found !== 0 && found !== 1 && found !== version) return "foreign";
  return db.transaction((): SchemaState => {
    if (found === 1 && !leaveVersion1(db)) return "foreign";
    db.exec(schema);
    db.pragma(`user_version = ${version}`);
    return "ready";
  })();
}

/** Version 1 staged a refetch within the file. One that was under way leaves rows nobody could tell apart. */
function leaveVersion1(db: Sqlite): boolean {
  const staging = db.prepare("SELECT count(*) FROM shape_offsets WHERE offset = '-1'").pluck().get();
  const stale = ["releases", "channels", "sort_plans"].some(
    (table) => db.prepare(`SELECT 1 FROM ${table} GROUP BY generation LIMIT 1 OFFSET 1`).get() !== undefined,
  );
  if (staging !== 0 || stale) return false;
  for (const table of ["releases", "channels", "sort_plans", "shape_offsets"])
    db.exec(`ALTER TABLE ${table} DROP COLUMN generation`);
  db.exec(`ALTER TABLE shape_offsets ADD COLUMN complete INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE shape_offsets ADD COLUMN clearing INTEGER NOT NULL DEFAULT 0`);
  return true;
}
