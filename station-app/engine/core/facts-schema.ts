import type { Sqlite } from "./open-database.ts";

/**
 * facts.db: the log, and the parcel tables projected from it in the same transaction. `text` is what was
 * hashed and holds the whole envelope: nothing is stored twice, for every page written costs the hot path.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    station_id TEXT NOT NULL,
    log_id TEXT NOT NULL,
    acknowledged_through INTEGER NOT NULL DEFAULT 0,
    durable_through INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE facts (
    sequence INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
  CREATE TRIGGER facts_are_immutable BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'facts are immutable'); END;
  CREATE TABLE parcels (
    parcel_id TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    parcel_index INTEGER,
    first_sequence INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    barcode TEXT,
    weight_grams INTEGER,
    size TEXT,
    order_id TEXT,
    handled_order TEXT,
    verdict TEXT,
    outcome TEXT,
    chute INTEGER,
    label TEXT,
    label_job TEXT,
    divert TEXT,
    divert_command TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX parcels_open ON parcels (first_sequence) WHERE outcome IS NULL OR label = 'requested';
  CREATE INDEX parcels_by_handled_order ON parcels (handled_order) WHERE handled_order IS NOT NULL;
  `,
  `
  CREATE TABLE upkeep (
    device_id TEXT PRIMARY KEY,
    calibration_due_on TEXT,
    certificate TEXT,
    zero_checked_at TEXT,
    zero_passed INTEGER
  ) STRICT, WITHOUT ROWID;
  `,
  // What was deleted, what was handled before that, and what was saved from damaged files. `salvaged` is numbered below
  // zero in the order of the former logs, so that a parcel's first and last fact stay comparable across logs.
  `
  ALTER TABLE log ADD COLUMN pruned_through INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE log ADD COLUMN pruned_hash BLOB;
  ALTER TABLE log ADD COLUMN running_ms INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE prune_marks (running_ms INTEGER PRIMARY KEY, sequence INTEGER NOT NULL) STRICT;
  CREATE TABLE handled_orders (number INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE salvaged (number INTEGER PRIMARY KEY, text TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
  CREATE TABLE former_logs (
    log_id TEXT PRIMARY KEY,
    base INTEGER NOT NULL,
    first_sequence INTEGER,
    last_sequence INTEGER,
    readable_through INTEGER,
    readable_facts INTEGER NOT NULL,
    lost_facts INTEGER NOT NULL,
    lost TEXT NOT NULL,
    file TEXT NOT NULL,
    reason TEXT NOT NULL,
    open_above INTEGER NOT NULL,
    received_through INTEGER NOT NULL DEFAULT 0,
    durable_through INTEGER NOT NULL DEFAULT 0,
    settled_above INTEGER,
    carried_through INTEGER,
    carried_in INTEGER,
    announced INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  `,
];

/** Brings a facts.db to the newest schema; each step commits with its number, so a crash between is safe. */
export function migrateFacts(db: Sqlite): void {
  const current = Number(db.pragma("user_version", { simple: true }));
  migrations.slice(current).forEach((sql, offset) => {
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`user_version = ${current + offset + 1}`);
    })();
  });
}
