import { closeSync, fsyncSync, openSync, rmSync } from "node:fs";
import { type FactEnvelope, genesisHash } from "@waystation/shared/facts/envelope";
import Database, { type Statement } from "better-sqlite3";
import { readFactDraft } from "./fact-text.ts";
import { migrateFacts } from "./facts-schema.ts";
import { follows, logSpan } from "./former-logs.ts";
import type { Sqlite } from "./open-database.ts";
import { prepareParcelTable } from "./parcel-table.ts";
import { type ParcelRow, projectFact } from "./project-parcel.ts";
import { findFacts } from "./salvage-pages.ts";
import { prepareUpkeepTable } from "./upkeep-table.ts";

export type SalvagePlan = {
  /** The damaged file; its write-ahead log lies beside it. Neither is changed. */
  readonly from: string;
  /** The new file; removed first if a former attempt left one. */
  readonly into: string;
  readonly stationId: string;
  readonly newLogId: string;
  /** Of the log that was lost entirely, where nothing in the file names one. */
  readonly expectedLogId: string | null;
  readonly file: string;
  readonly reason: string;
};

export type SalvagedLog = {
  readonly logId: string;
  readonly firstReadable: number | null;
  readonly readableThrough: number | null;
  readonly lastReadable: number | null;
  readonly readableFacts: number;
  readonly lostFacts: number;
  readonly lost: readonly { readonly from: number; readonly to: number }[];
};

const rowsPerStep = 2000;
const rowsPerCommit = 10_000;
const holesNamed = 50;
/** A parcel that seems under way so many facts before the end lost its end in a hole: nobody is asked about it. */
const factsUnderWay = 2000;

/** Writes a whole new facts.db from every readable fact of a damaged one, on the disk when this returns. */
export function buildSalvagedLog(plan: SalvagePlan): SalvagedLog[] {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(`${plan.into}${end}`, { force: true });
  const db = new Database(plan.into);
  // A half-built file is thrown away, so nothing in between need be durable; the whole is, at the end.
  db.pragma("journal_mode = OFF");
  db.pragma("synchronous = OFF");
  db.pragma("locking_mode = EXCLUSIVE");
  try {
    migrateFacts(db);
    db.prepare("INSERT INTO log (one, station_id, log_id) VALUES (1, ?, ?)").run(
      plan.stationId,
      plan.newLogId,
    );
    const logs = orderLogs(db, copyFacts(db, plan));
    removePruned(db, logs, plan.from);
    const newest = projectAll(db, logs);
    const salvaged = logs.map((log) => describeLog(db, log));
    const told = salvaged.length > 0 ? salvaged : blankLogs(plan.expectedLogId);
    inTransaction(db, () => {
      for (const [at, log] of told.entries()) insertLog(db, plan, log, logs[at]?.base ?? -logSpan, newest);
    });
    copyHandledOrders(db, plan.from);
    db.close();
    syncFile(plan.into);
    return told;
  } finally {
    if (db.open) db.close();
  }
}

/** Orders whose parcels' facts were pruned are named nowhere else. What cannot be read is passed over in ranges. */
function copyHandledOrders(db: Sqlite, from: string): void {
  const insert = db.prepare("INSERT OR IGNORE INTO handled_orders (order_id) VALUES (?)");
  let source: Sqlite | undefined;
  try {
    source = new Database(from, { readonly: true, fileMustExist: true });
    const select = source.prepare(
      "SELECT number, order_id AS orderId FROM handled_orders WHERE number > ? AND number <= ? ORDER BY number",
    );
    const last = Number(source.prepare("SELECT max(number) FROM handled_orders").pluck().get() ?? 0);
    for (let above = 0; above < last; above += ordersPerRange)
      inTransaction(db, () => {
        for (const orderId of readRange(select, above)) insert.run(orderId);
      });
  } catch {
    // too damaged to be opened or to say how many there are: what the facts themselves say must do
  } finally {
    source?.close();
  }
}

const ordersPerRange = 200;

function readRange(select: Statement, above: number): string[] {
  try {
    const rows = select.all(above, above + ordersPerRange) as { orderId: unknown }[];
    return rows.flatMap(({ orderId }) =>
      typeof orderId === "string" && orderId.length <= 64 ? [orderId] : [],
    );
  } catch {
    return [];
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, "r+");
  fsyncSync(fd);
  closeSync(fd);
}

type LogPlace = {
  readonly logId: string;
  readonly base: number;
  readonly formerLogIds: readonly string[];
  readonly firstSeenAt: string;
};

type Fork = { readonly number: number; readonly text: string; readonly hash: string };
const forksKept = 10_000;

/** Every fact once; where two whole texts claim one place, the one that its successor names. */
function copyFacts(db: Sqlite, plan: SalvagePlan): LogPlace[] {
  const logs = new Map<string, LogPlace>();
  const forks: Fork[] = [];
  const insert = db.prepare("INSERT OR IGNORE INTO salvaged (number, text, hash) VALUES (?, ?, ?)");
  const hashAt = db.prepare("SELECT lower(hex(hash)) FROM salvaged WHERE number = ?").pluck();
  let uncommitted = 0;
  db.exec("BEGIN");
  for (const { logId, sequence, text, hash } of findFacts(plan.from, plan.stationId)) {
    const log = noteLog(logs, logId, sequence, text);
    const number = log.base + sequence;
    const { changes } = insert.run(number, text, Buffer.from(hash, "hex"));
    if (changes === 0 && forks.length < forksKept && hashAt.get(number) !== hash)
      forks.push({ number, text, hash });
    uncommitted += 1;
    if (uncommitted % rowsPerCommit === 0) db.exec("COMMIT; BEGIN");
  }
  chooseForks(db, forks);
  db.exec("COMMIT");
  return [...logs.values()];
}

/** Names of the logs a log was salvaged from stand in its first facts. */
function noteLog(logs: Map<string, LogPlace>, logId: string, sequence: number, text: string): LogPlace {
  const known = logs.get(logId);
  const isAnnouncement = sequence <= 64 && text.includes('"type":"log.salvaged"');
  if (known !== undefined && !isAnnouncement) return known;
  const { payload, occurredAt } = JSON.parse(text) as FactEnvelope;
  const former = isAnnouncement ? [String(payload.formerLogId)] : [];
  const log = {
    logId,
    base: known?.base ?? -(logs.size + 1) * logSpan,
    formerLogIds: [...(known?.formerLogIds ?? []), ...former],
    firstSeenAt: known?.firstSeenAt ?? occurredAt,
  };
  logs.set(logId, log);
  return log;
}

function chooseForks(db: Sqlite, forks: readonly Fork[]): void {
  const textAt = db.prepare("SELECT text FROM salvaged WHERE number = ?").pluck();
  const replace = db.prepare("INSERT OR REPLACE INTO salvaged (number, text, hash) VALUES (?, ?, ?)");
  // From the end, for which of two is right is known by the fact behind it.
  for (const { number, text, hash } of forks.toSorted((one, other) => other.number - one.number)) {
    const next = textAt.get(number + 1) as string | undefined;
    if (next?.slice(-2 - hash.length, -2) === hash) replace.run(number, text, Buffer.from(hash, "hex"));
  }
}

/** The oldest log gets the lowest numbers: a log comes after those it says it was salvaged from. */
function orderLogs(db: Sqlite, found: readonly LogPlace[]): LogPlace[] {
  const left = found.toSorted((one, other) => (one.firstSeenAt < other.firstSeenAt ? -1 : 1));
  const ordered: LogPlace[] = [];
  while (left.length > 0) {
    const waits = (log: LogPlace): boolean =>
      log.formerLogIds.some((former) => left.some((other) => other !== log && other.logId === former));
    const at = Math.max(
      0,
      left.findIndex((log) => !waits(log)),
    );
    ordered.push(...left.splice(at, 1));
  }
  const placed = ordered.map((log, at) => ({ ...log, base: -(ordered.length - at) * logSpan }));
  const moved = placed.flatMap(({ logId, base }) => {
    const from = found.find((log) => log.logId === logId)?.base ?? base;
    return from === base ? [] : [{ from, to: base }];
  });
  const far = (found.length + 1) * logSpan;
  inTransaction(db, () => {
    for (const { from } of moved) shift(db, from, -far);
    for (const { from, to } of moved) shift(db, from - far, to - from + far);
  });
  return placed;
}

const shift = (db: Sqlite, base: number, by: number): void =>
  void db
    .prepare("UPDATE salvaged SET number = number + ? WHERE number > ? AND number < ?")
    .run(by, base, base + logSpan);

type NumberedFact = { readonly number: number; readonly text: string };

function* readAll(db: Sqlite): Generator<readonly NumberedFact[]> {
  const select = db.prepare("SELECT number, text FROM salvaged WHERE number > ? ORDER BY number LIMIT ?");
  for (let above = -Number.MAX_SAFE_INTEGER; ; ) {
    const rows = select.all(above, rowsPerStep) as NumberedFact[];
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    above = last.number;
  }
}

/** Parcels and scales as the facts say, in their order. @returns the number of the fact from which parcels may still be under way. */
function projectAll(db: Sqlite, logs: readonly LogPlace[]): number {
  const parcels = prepareParcelTable(db);
  const upkeep = prepareUpkeepTable(db);
  const open = new Map<string, { readonly before: ParcelRow | undefined; readonly row: ParcelRow }>();
  const flush = (isDone: (row: ParcelRow) => boolean): void => {
    for (const [parcelId, { before, row }] of open)
      if (isDone(row)) {
        parcels.write(before, row);
        open.delete(parcelId);
      }
  };
  for (const rows of readAll(db))
    inTransaction(db, () => {
      for (const { number, text } of rows) {
        const envelope = JSON.parse(text) as FactEnvelope;
        const draft = readFactDraft(envelope);
        upkeep.take(draft, envelope.occurredAt);
        if (envelope.parcelId === null) continue;
        const known = open.get(envelope.parcelId);
        const before = known === undefined ? parcels.read(envelope.parcelId) : known.before;
        const row = projectFact(known?.row ?? before, draft, number);
        if (row !== undefined) open.set(envelope.parcelId, { before, row });
      }
      flush(({ outcome, lastSequence }) => outcome !== null || lastSequence < (rows[0]?.number ?? 0));
    });
  inTransaction(db, () => flush(() => true));
  const newestLog = logs.at(-1);
  const at = db
    .prepare("SELECT number FROM salvaged WHERE number > ? ORDER BY number DESC LIMIT 1 OFFSET ?")
    .pluck()
    .get(newestLog?.base ?? 0, factsUnderWay) as number | undefined;
  return at ?? -Number.MAX_SAFE_INTEGER;
}

/** Walks one log and names its holes; a link that does not hold counts as one of no length. */
function describeLog(db: Sqlite, { logId, base }: LogPlace): SalvagedLog {
  const select = db.prepare(
    "SELECT number - ? AS sequence, text, lower(hex(hash)) AS hash FROM salvaged WHERE number > ? AND number < ? ORDER BY number LIMIT ?",
  );
  const lost: { from: number; to: number }[] = [];
  let before: { sequence: number; text: string; hash: string } | undefined;
  let first: number | null = null;
  let through: number | null = null;
  let count = 0;
  let lostFacts = 0;
  for (;;) {
    const rows = select.all(
      base,
      base + (before?.sequence ?? 0),
      base + logSpan,
      rowsPerStep,
    ) as (typeof before & object)[];
    if (rows.length === 0) break;
    for (const fact of rows) {
      first ??= fact.sequence;
      const isWhole = before === undefined || follows(fact, before);
      if (!isWhole) through ??= before?.sequence ?? null;
      const from = (before?.sequence ?? fact.sequence - 1) + 1;
      lostFacts += fact.sequence - from;
      if (from < fact.sequence && lost.length < holesNamed) lost.push({ from, to: fact.sequence - 1 });
      before = fact;
      count += 1;
    }
  }
  const lastReadable = before?.sequence ?? null;
  return {
    logId,
    firstReadable: first,
    readableThrough: through ?? lastReadable,
    lastReadable,
    readableFacts: count,
    lostFacts,
    lost,
  };
}

type Pruned = { readonly logId: string; readonly sequence: number; readonly hash: string };

/** What the station had deleted itself may still lie about in pieces; it is with the cloud, and not lost. */
function removePruned(db: Sqlite, logs: readonly LogPlace[], from: string): void {
  const pruned = readPruned(from);
  const log = logs.find(({ logId }) => logId === pruned?.logId);
  if (pruned === null || log === undefined) return;
  const through = log.base + provePruned(db, log.base, pruned);
  db.prepare("DELETE FROM salvaged WHERE number > ? AND number <= ?").run(log.base, through);
}

/** What the damaged file says of facts it had deleted; believed only when the fact after them names their hash. */
function readPruned(from: string): Pruned | null {
  try {
    const source = new Database(from, { readonly: true, fileMustExist: true });
    try {
      return source
        .prepare(
          "SELECT log_id AS logId, pruned_through AS sequence, lower(hex(pruned_hash)) AS hash FROM log",
        )
        .get() as Pruned;
    } finally {
      source.close();
    }
  } catch {
    return null;
  }
}

function provePruned(db: Sqlite, base: number, { sequence, hash }: Pruned): number {
  if (!Number.isSafeInteger(sequence) || sequence < 1) return 0;
  const text = db
    .prepare("SELECT text FROM salvaged WHERE number = ?")
    .pluck()
    .get(base + sequence + 1) as string | undefined;
  return text?.slice(-2 - hash.length, -2) === hash && hash !== "" ? sequence : 0;
}

const blankLogs = (logId: string | null): SalvagedLog[] => [
  {
    logId: logId ?? `unknown-${genesisHash.slice(0, 8)}`,
    firstReadable: null,
    readableThrough: null,
    lastReadable: null,
    readableFacts: 0,
    lostFacts: 0,
    lost: [],
  },
];

const insertLog = (db: Sqlite, plan: SalvagePlan, log: SalvagedLog, base: number, openAbove: number): void =>
  void db
    .prepare(
      `INSERT INTO former_logs (log_id, base, first_sequence, last_sequence, readable_through, readable_facts,
         lost_facts, lost, file, reason, open_above, settled_above)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      log.logId,
      base,
      log.firstReadable,
      log.lastReadable,
      log.readableThrough,
      log.readableFacts,
      log.lostFacts,
      JSON.stringify(log.lost),
      plan.file,
      plan.reason,
      openAbove,
      log.lastReadable === null ? 0 : null,
    );

function inTransaction(db: Sqlite, act: () => void): void {
  db.exec("BEGIN");
  act();
  db.exec("COMMIT");
}
