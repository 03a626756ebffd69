import type { FactDraft } from "@waystation/shared/facts/draft";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import type { Sqlite } from "./open-database.ts";

/** What is known of a log that was saved from a damaged file. Null sequences: not one fact could be read. */
export type FormerLog = {
  readonly logId: string;
  readonly firstSequence: number | null;
  readonly lastSequence: number | null;
  /** From the first readable fact without a hole up to here. */
  readonly readableThrough: number | null;
  readonly readableFacts: number;
  /** Missing between readable ones; what came after the last nobody here can know. */
  readonly lostFacts: number;
  readonly file: string;
  readonly reason: string;
  readonly receivedThrough: number;
  /** The uplink has something to do with it: not all is settled, or the cloud does not hold for good what it took. */
  readonly waits: boolean;
  /** Everything the cloud can take under the old log is there, and the rest was taken into the new one. */
  readonly settled: boolean;
};

type Row = Omit<FormerLog, "settled" | "waits"> & {
  readonly durableThrough: number;
  readonly base: number;
  readonly lost: string;
  readonly settledAbove: number | null;
  readonly carriedThrough: number | null;
};

const columns = `log_id AS logId, base, first_sequence AS firstSequence, last_sequence AS lastSequence,
  readable_through AS readableThrough, readable_facts AS readableFacts, lost_facts AS lostFacts, lost, file, reason,
  received_through AS receivedThrough, durable_through AS durableThrough, settled_above AS settledAbove, carried_through AS carriedThrough`;

/** Sequences of one log lie this far from the next one's among the salvaged numbers. */
export const logSpan = 2 ** 40;

const selectRows = (db: Sqlite, where: string) =>
  db.prepare(`SELECT ${columns} FROM former_logs WHERE ${where} ORDER BY base`);

const readRows = (db: Sqlite, where: string): Row[] => selectRows(db, where).all() as Row[];

const isSettled = ({ lastSequence, settledAbove, carriedThrough }: Row): boolean =>
  settledAbove !== null && (lastSequence === null || (carriedThrough ?? settledAbove) >= lastSequence);

/** Oldest first. */
export const readFormerLogs = (db: Sqlite): FormerLog[] =>
  readRows(db, "1 = 1").map((row) => {
    const {
      base: _base,
      lost: _lost,
      settledAbove,
      carriedThrough: _carried,
      durableThrough,
      ...former
    } = row;
    const waits =
      row.lastSequence !== null && (settledAbove === null || durableThrough < former.receivedThrough);
    return { ...former, waits, settled: isSettled(row) };
  });

/** Facts of a log above a sequence, ascending without a hole; they may begin later than asked. */
export type ReadLogFacts = (logId: string, above: number, limit: number) => readonly StoredFact[];

/** Facts of the log in use or of a former one, for the uplink. */
export function prepareReadLogFacts(db: Sqlite): ReadLogFacts {
  const findCurrent = db.prepare("SELECT 1 FROM log WHERE log_id = ?");
  const select = db.prepare(
    "SELECT sequence, text, lower(hex(hash)) AS hash FROM facts WHERE sequence > ? ORDER BY sequence LIMIT ?",
  );
  return (logId, above, limit) =>
    findCurrent.get(logId) === undefined
      ? readFormerFacts(db, logId, above, limit)
      : (select.all(above, limit) as StoredFact[]);
}

/** The next facts of a former log above a sequence, up to the first hole; they may begin behind one. */
export function readFormerFacts(db: Sqlite, logId: string, above: number, limit: number): StoredFact[] {
  const row = readRows(db, "1 = 1").find((former) => former.logId === logId);
  if (row === undefined) return [];
  const found = readNumbered(db, row, above, limit);
  const holeAt = found.findIndex((fact, index) => index > 0 && !follows(fact, found[index - 1]));
  return holeAt < 0 ? found : found.slice(0, holeAt);
}

const readNumbered = (db: Sqlite, { base }: Row, above: number, limit: number): StoredFact[] =>
  db
    .prepare(
      `SELECT number - ? AS sequence, text, lower(hex(hash)) AS hash FROM salvaged
       WHERE number > ? AND number < ? ORDER BY number LIMIT ?`,
    )
    .all(base, base + Math.max(0, above), base + logSpan, limit) as StoredFact[];

/** Does the fact come right behind the other, by number and by hash? The envelope ends with the hash before. */
export const follows = (fact: StoredFact, before: StoredFact | undefined): boolean =>
  before !== undefined &&
  fact.sequence === before.sequence + 1 &&
  fact.text.slice(-2 - before.hash.length, -2) === before.hash;

/** What the new log begins with, once for each former one. */
export function draftAnnouncements(db: Sqlite): FactDraft[] {
  return readRows(db, "announced = 0").map((row) => ({
    name: "log.salvaged.v1",
    lane: null,
    parcelId: null,
    actor: { kind: "engine" },
    payload: {
      formerLogId: row.logId,
      formerFile: row.file,
      reason: row.reason.slice(0, 200),
      firstReadable: row.firstSequence,
      readableThrough: row.readableThrough,
      lastReadable: row.lastSequence,
      readableFacts: row.readableFacts,
      lostFacts: row.lostFacts,
      lost: JSON.parse(row.lost) as { from: number; to: number }[],
    },
  }));
}

/** How far the cloud has a log. */
export type CloudPosition = {
  readonly receivedThrough: number;
  readonly durableThrough: number;
  /** The cloud is an older copy of itself: what it called durable before may be gone. */
  readonly isRestored?: boolean;
};

export const markAnnounced = (db: Sqlite): void =>
  void db.prepare("UPDATE former_logs SET announced = 1").run();

export const saveFormerReceived = (
  db: Sqlite,
  logId: string,
  { receivedThrough, durableThrough, isRestored = false }: CloudPosition,
): void =>
  void db
    .prepare(
      "UPDATE former_logs SET received_through = ?, durable_through = max(iif(?, 0, durable_through), ?) WHERE log_id = ?",
    )
    .run(receivedThrough, isRestored ? 1 : 0, durableThrough, logId);

/** The cloud has everything up to here and can take no more under this log: what is above goes into the new one. */
export const settleFormer = (db: Sqlite, logId: string, through: number): void =>
  void db
    .prepare("UPDATE former_logs SET settled_above = ? WHERE log_id = ? AND settled_above IS NULL")
    .run(through, logId);

export type Carry = {
  readonly logId: string;
  readonly through: number;
  readonly drafts: readonly FactDraft[];
};

/** The next stranded facts, as facts of the new log that hold their exact text; null when none is left. */
export function prepareCarry(db: Sqlite): (limit: number) => Carry | null {
  const select = selectRows(db, "settled_above IS NOT NULL");
  return (limit) => {
    for (const row of select.all() as Row[]) {
      if (isSettled(row) || row.settledAbove === null) continue;
      const facts = readNumbered(db, row, row.carriedThrough ?? row.settledAbove, limit);
      const last = facts.at(-1);
      if (last === undefined) continue;
      const drafts = facts.flatMap((fact) => draftCarried(row.logId, fact));
      return { logId: row.logId, through: last.sequence, drafts };
    }
    return null;
  };
}

/** In quotes within quotes a text grows; cut in pieces, each fits into a fact whatever it holds. */
const pieceLength = 16_000;

function draftCarried(formerLogId: string, { sequence, text, hash }: StoredFact): FactDraft[] {
  const parts = Math.ceil(text.length / pieceLength);
  return Array.from({ length: parts }, (_, part) => ({
    name: "fact.salvaged.v1",
    lane: null,
    parcelId: null,
    actor: { kind: "engine" },
    payload: {
      formerLogId,
      sequence,
      hash,
      part: part + 1,
      parts,
      text: text.slice(part * pieceLength, (part + 1) * pieceLength),
    },
  }));
}

export const markCarried = (db: Sqlite, { logId, through }: Carry, carriedIn: number): void =>
  void db
    .prepare("UPDATE former_logs SET carried_through = ?, carried_in = ? WHERE log_id = ?")
    .run(through, carriedIn, logId);
