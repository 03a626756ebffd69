import { type QueryExecutorProvider, sql } from "kysely";
import type { LogPosition } from "./log-position.ts";
import { parseRecordText, type RowValues } from "./record-text.ts";

/** One captured change, as the log keeps it. */
export type LogEntry = {
  readonly relation: string;
  /** Number of its commit, and place of its first message there. */
  readonly number: number;
  readonly place: number;
  /** The lower 32 bits of the transaction's id, as replication speaks of it. */
  readonly transactionId: number;
  readonly operation: "insert" | "update" | "delete" | "truncate";
  readonly oldText: string | null;
  readonly newText: string | null;
  readonly oldRow: () => RowValues;
  readonly newRow: () => RowValues;
  readonly sizeBytes: number;
};

export type Commit = { readonly number: number; readonly xid: string; readonly entries: number };

/** Commits after a number, oldest first. */
export async function listCommits(
  db: QueryExecutorProvider,
  after: number,
  through: number | null,
  limit: number,
): Promise<Commit[]> {
  const { rows } = await sql<{ number: string; xid: string; entries: string }>`
    select number::text as number, xid::text as xid, coalesce(entries, 1)::text as entries
    from waystation_shapes.commits
    where number > ${after} ${through === null ? sql`` : sql`and number <= ${through}`}
    order by commits.number limit ${limit}`.execute(db);
  return rows.map((row) => ({ number: Number(row.number), xid: row.xid, entries: Number(row.entries) }));
}

export type NewCommits = {
  readonly commits: readonly Commit[];
  /** Null when they are too many to come along. */
  readonly entries: LogEntry[] | null;
};

/**
 * The next commits with their entries in one question: the usual case of a log that is followed closely. Joined
 * freely, the whole log would be read for each commit as long as nobody analysed it; so each commit looks its own up.
 */
export async function readNewCommits(
  db: QueryExecutorProvider,
  after: number,
  limit: number,
): Promise<NewCommits> {
  const { rows } = await sql<EntryRow & { number: string; entries: string; few: boolean }>`
    with newest as materialized (
      select number, xid, coalesce(entries, 1) as entries from waystation_shapes.commits
      where number > ${after} order by commits.number limit ${limit}),
    counted as materialized (select sum(entries) <= ${entriesPerPage} as few from newest)
    select n.number::text as number, n.xid::text as xid, n.entries::text as entries, (select few from counted) as few,
      l.relation::text as relation, l.position::text as position, l.operation::text as operation,
      l.old_record, l.new_record
    from newest n left join lateral (
      select * from waystation_shapes.log l where (select few from counted) and l.xid = n.xid offset 0) l on true
    order by n.number, l.position`.execute(db);
  const commits = new Map(
    rows.map(({ number, xid, entries }) => [xid, { number: Number(number), xid, entries: Number(entries) }]),
  );
  const few = rows[0]?.few !== false;
  const found = rows.filter(({ relation }) => relation !== null);
  return {
    commits: [...commits.values()],
    entries: few ? found.map((row) => makeEntry(row, Number(row.number))) : null,
  };
}

/** Entries read at once. A larger transaction is read in pages. */
export const entriesPerPage = 4000;

/** Commits whose entries fit into one page, at least one. */
export function takePage(commits: readonly Commit[], maximumEntries: number = entriesPerPage): Commit[] {
  let entries = 0;
  let count = 0;
  for (const commit of commits) {
    entries += commit.entries;
    if (count > 0 && entries > maximumEntries) break;
    count += 1;
  }
  return commits.slice(0, count);
}

/**
 * Entries of these commits in order, all relations or one. Of a single commit at most `limit` after a place, of
 * several all of them.
 */
export async function readEntries(
  db: QueryExecutorProvider,
  commits: readonly Commit[],
  options: { readonly relation: string | null; readonly after: LogPosition; readonly limit: number },
): Promise<LogEntry[]> {
  const numbers = new Map(commits.map(({ xid, number }) => [xid, number]));
  const [first] = commits;
  if (first === undefined) return [];
  const afterPlace = commits.length === 1 && options.after.number === first.number ? options.after.place : -1;
  const { rows } = await sql<EntryRow>`
    select l.xid::text as xid, l.relation::text as relation, l.position::text as position, l.operation::text as operation,
      l.old_record, l.new_record
    from waystation_shapes.log l
    where ${
      // One is read in the order of its index, however large it is; several would have to be sorted.
      commits.length === 1
        ? sql`l.xid = ${first.xid}::text::xid8`
        : sql`l.xid = any(${`{${commits.map(({ xid }) => xid).join()}}`}::text::xid8[])`
    }
      and l.position > ${Math.floor((afterPlace - 1) / 2)}
      ${options.relation === null ? sql`` : sql`and l.relation = ${options.relation}::text::oid`}
    ${commits.length === 1 ? sql`order by l.position limit ${options.limit}` : sql``}`.execute(db);
  const entries = rows.map((row) => makeEntry(row, numbers.get(row.xid) ?? 0));
  return entries.sort((one, other) => one.number - other.number || one.place - other.place);
}

type EntryRow = {
  xid: string;
  relation: string;
  position: string;
  operation: string;
  old_record: string | null;
  new_record: string | null;
};

const operations = { i: "insert", u: "update", d: "delete", t: "truncate" } as const;

function makeEntry(row: EntryRow, number: number): LogEntry {
  const { old_record: oldText, new_record: newText } = row;
  return {
    relation: row.relation,
    number,
    place: Number(row.position) * 2,
    transactionId: Number(BigInt(row.xid) & 0xffffffffn),
    operation: operations[row.operation as keyof typeof operations],
    oldText,
    newText,
    oldRow: parseOnce(oldText),
    newRow: parseOnce(newText),
    sizeBytes: 200 + 2 * ((oldText?.length ?? 0) + (newText?.length ?? 0)),
  };
}

/** Most entries are never looked into; the others by many readers. */
function parseOnce(text: string | null): () => RowValues {
  let values: RowValues | null = null;
  return () => {
    values ??= text === null ? [] : parseRecordText(text);
    return values;
  };
}

/** The newest number; everything up to it is visible. */
export async function readLogEnd(db: QueryExecutorProvider): Promise<{ end: number; trimmed: number }> {
  const { rows } = await sql<{ ending: string; trimmed: string }>`
    select coalesce((select max(number) from waystation_shapes.commits), state.trimmed_through)::text as ending,
      state.trimmed_through::text as trimmed from waystation_shapes.state`.execute(db);
  return { end: Number(rows[0]?.ending ?? 0), trimmed: Number(rows[0]?.trimmed ?? 0) };
}
