import { assert } from "@waystation/shared/failures/assert";
import Database from "better-sqlite3";

export type Sqlite = Database.Database;

/** Many times what gathers between two checkpoints: shrinking and growing again would cost the hot path. */
export const walKeptBytes = 64 << 20;

/**
 * Opens a file that must survive a power cut. This build of SQLite falls back to synchronous=NORMAL in WAL at a
 * connection's first statement, whatever the pragma said before it; so FULL is set after one, and read again
 * after another. The proof is a test that counts fsync calls of the real process, not this pragma.
 */
export function openDurable(path: string): Sqlite {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma("busy_timeout = 5000");
  // The hot path never checkpoints: the store does so when the line is quiet, and a commit is one append.
  db.pragma("wal_autocheckpoint = 0");
  // A long reader keeps the log from being emptied; what it grew by meanwhile is given back when the reader is gone.
  db.pragma(`journal_size_limit = ${walKeptBytes}`);
  db.prepare("SELECT count(*) FROM sqlite_schema").get();
  db.pragma("synchronous = FULL");
  db.prepare("SELECT count(*) FROM sqlite_schema").get();
  assert(isDurable(db), "facts.db must commit with synchronous=FULL");
  return db;
}

/** For data that can be fetched again: never blocks the facts, may lose the last seconds at a power cut. */
export function openReplica(path: string): Sqlite {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma("busy_timeout = 5000");
  db.pragma("synchronous = NORMAL");
  return db;
}

export function openReadOnly(path: string): Sqlite {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  // Among a million orders the default of 16 MB finds no row sooner: the leaves come from the system's cache either way.
  db.pragma("cache_size = -2000");
  db.pragma("busy_timeout = 5000");
  return db;
}

export const isDurable = (db: Sqlite): boolean => db.pragma("synchronous", { simple: true }) === 2;
