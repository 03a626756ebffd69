import type { Sqlite } from "../core/open-database.ts";

/**
 * orders.db: what came down from the cloud; may be thrown away and fetched again. An order's parts wait in
 * `pending_*` until its release row names exactly them; then they replace the visible version in one transaction.
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
  CREATE TABLE IF NOT EXISTS releases (order_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, parts_hash TEXT NOT NULL, generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS channels (code TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL, generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS sort_plans (plan_id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL, generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS shape_offsets (shape TEXT PRIMARY KEY, handle TEXT, offset TEXT NOT NULL, generation INTEGER NOT NULL) STRICT;
`;
const version = 1;

/** A replica of another version is emptied: it is cheaper to fetch again than to migrate. */
export function prepareOrders(db: Sqlite): void {
  const found = Number(db.pragma("user_version", { simple: true }));
  if (found !== 0 && found !== version) dropEverything(db);
  db.exec(schema);
  db.pragma(`user_version = ${version}`);
}

function dropEverything(db: Sqlite): void {
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as string[];
  for (const name of tables) db.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`);
}
