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
