import { closeSync, openSync, readSync, statSync } from "node:fs";
import { type FactEnvelope, genesisHash } from "@waystation/shared/facts/envelope";
import { isDamage } from "./database-damage.ts";
import { hashText } from "./fact-text.ts";
import { openReadOnly, type Sqlite } from "./open-database.ts";
import { readOpenParcels } from "./open-parcels.ts";
import { findWalDamage } from "./salvage-wal.ts";

/** new: there is no log yet. A reason: it must be salvaged. */
export type FactsHealth =
  | { readonly kind: "new" | "whole" }
  | { readonly kind: "damaged"; readonly reason: string };

const damaged = (reason: string): FactsHealth => ({ kind: "damaged", reason });
const whole: FactsHealth = { kind: "whole" };

/** So many of the newest facts are looked at; the others are walked through while the line is quiet. */
const tailFacts = 2000;

/**
 * What can be known of facts.db within milliseconds however large it is: header, write-ahead log, schema, the log's own
 * row, both ends of the facts, the chain of the newest ones and the parcels under way. Changes nothing.
 * @param isExpected somebody has written facts here before, so an absent or empty file is damage.
 */
export function checkFacts(path: string, stationId: string, isExpected: boolean): FactsHealth {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? null;
  const walSize = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (size === null || size === 0) {
    if (isExpected || walSize > 0) return damaged(size === null ? "the file is gone" : "the file is empty");
    return { kind: "new" };
  }
  if (!hasHeader(path)) return damaged("the file is no database");
  const walDamage = findWalDamage(path);
  if (walDamage !== null) return damaged(walDamage);
  try {
    const db = openReadOnly(path);
    try {
      return checkDatabase(db, stationId, isExpected);
    } finally {
      db.close();
    }
  } catch (error) {
    if (isDamage(error)) return damaged(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

function hasHeader(path: string): boolean {
  const header = Buffer.alloc(16);
  const fd = openSync(path, "r");
  try {
    return readSync(fd, header, 0, 16, 0) === 16 && header.toString("latin1") === "SQLite format 3\0";
  } finally {
    closeSync(fd);
  }
}

function checkDatabase(db: Sqlite, stationId: string, isExpected: boolean): FactsHealth {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  if (tables.length === 0) return isExpected ? damaged("its tables are gone") : { kind: "new" };
  const missing = ["log", "facts", "parcels"].find((name) => !tables.includes(name));
  if (missing !== undefined) return damaged(`its table ${missing} is gone`);
  const log = db.prepare("SELECT * FROM log").get() as Record<string, unknown> | undefined;
  // A process that died between its tables and its first fact has lost nothing.
  if (log === undefined) return isExpected ? damaged("the log's own row is gone") : whole;
  if (log.station_id !== stationId || typeof log.log_id !== "string" || log.log_id === "")
    return damaged("the log's own row is unreadable");
  const trouble = checkEnds(db, log.log_id, Number(log.pruned_through ?? 0));
  if (trouble !== null) return damaged(trouble);
  readOpenParcels(db);
  return whole;
}

type Row = { readonly sequence: number; readonly text: string; readonly hash: string };

function checkEnds(db: Sqlite, logId: string, prunedThrough: number): string | null {
  const first = db
    .prepare("SELECT sequence FROM facts WHERE sequence > ? ORDER BY sequence LIMIT 1")
    .pluck()
    .get(prunedThrough) as number | undefined;
  if (first !== undefined && first !== prunedThrough + 1) return `fact ${prunedThrough + 1} is missing`;
  const rows = db
    .prepare(
      "SELECT sequence, text, lower(hex(hash)) AS hash FROM facts WHERE sequence > ? ORDER BY sequence DESC LIMIT ?",
    )
    .all(prunedThrough, tailFacts) as Row[];
  return findBreak(rows.toReversed(), logId);
}

/** The first fact of an ascending run that is not what it should be; null when all hold together. */
export function findBreak(
  rows: readonly Row[],
  logId: string,
  before?: { readonly sequence: number; readonly hash: string },
): string | null {
  let last = before;
  for (const { sequence, text, hash } of rows) {
    if (last !== undefined && sequence !== last.sequence + 1) return `fact ${last.sequence + 1} is missing`;
    if (hashText(text) !== hash) return `the text of fact ${sequence} does not match its hash`;
    const previous = last?.hash ?? (sequence === 1 ? genesisHash : null);
    const misplaced = isInPlace(text, logId, sequence, previous)
      ? null
      : findMisplaced(text, logId, sequence, previous);
    if (misplaced !== null) return misplaced;
    last = { sequence, hash };
  }
  return null;
}

/**
 * What every fact of ours shows without being parsed, for its keys stand in the order of the envelope: this log and place
 * follow the station, and the hash before it is the very end. No text inside it can look like that, for its quotes are
 * escaped, and nothing nested ends where the fact does.
 */
function isInPlace(text: string, logId: string, sequence: number, previous: string | null): boolean {
  if (previous === null || !text.endsWith(`,"previousHash":"${previous}"}`)) return false;
  const place = `","logId":"${logId}","sequence":${sequence},"id":"`;
  return text.startsWith('{"stationId":"') && text.startsWith(place, text.indexOf('"', stationIdAt));
}
const stationIdAt = '{"stationId":"'.length;

/** For the first fact of a run, and for one whose keys another version may have written in another order. */
function findMisplaced(
  text: string,
  logId: string,
  sequence: number,
  previous: string | null,
): string | null {
  const place = JSON.parse(text) as FactEnvelope;
  if (place.logId !== logId || place.sequence !== sequence) return `fact ${sequence} is in the wrong place`;
  if (previous !== null && place.previousHash !== previous) return `the chain is broken at fact ${sequence}`;
  return null;
}

const walkEveryMs = 86_400_000;
const beforeFirst = { sequence: 0, hash: genesisHash };

/**
 * Walks the whole log a few facts at a time, and every day anew, so that damage far from the end is met within days and
 * not when the fact is wanted, years later.
 */
export function prepareWalk(db: Sqlite, logId: string) {
  const select = db.prepare(
    "SELECT sequence, text, lower(hex(hash)) AS hash FROM facts WHERE sequence > ? ORDER BY sequence LIMIT ?",
  );
  const pruned = db.prepare("SELECT pruned_through AS sequence, lower(hex(pruned_hash)) AS hash FROM log");
  let last: { readonly sequence: number; readonly hash: string } = beforeFirst;
  let isDone = false;
  let beganMs: number | null = null;
  /** @param nowMs monotonic */
  const walk = (limit: number, nowMs: number): string | null => {
    beganMs ??= nowMs;
    if (isDone) {
      // What came since then has hardly left the memory it would be read from; the next walk takes it in.
      if (nowMs - beganMs < walkEveryMs) return null;
      last = beforeFirst;
      beganMs = nowMs;
    }
    const start = pruned.get() as { sequence: number; hash: string };
    if (start.sequence > last.sequence) last = start;
    const rows = select.all(last.sequence, limit) as Row[];
    const trouble = findBreak(rows, logId, last);
    last = rows.at(-1) ?? last;
    isDone = rows.length < limit;
    return trouble;
  };
  return { walk, isDone: () => isDone };
}
