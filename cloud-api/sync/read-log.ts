import type { QueryExecutorProvider } from "kysely";
import {
  entriesPerPage,
  listCommits,
  type LogEntry,
  readEntries,
  readLogEnd,
  takePage,
} from "./log-entries.ts";
import { isAfter, type LogPosition } from "./log-position.ts";
import type { LogTail } from "./log-tail.ts";
import { matchEntries } from "./match-entries.ts";
import { describeEntry, type ShapeMessage, writeMessage, writeUpToDate } from "./messages.ts";
import type { ShapeDefinition } from "./shape-definition.ts";

export type LogPage =
  /** The client's place in the log is gone. */
  | { readonly kind: "trimmed" }
  | {
      readonly kind: "page";
      /** JSON array, its closing bracket left off while messages may follow. */
      readonly body: string;
      readonly messages: number;
      /** Of the last message; null when there is none. */
      readonly position: LogPosition | null;
      readonly upToDate: boolean;
      /** Everything up to this commit was looked at. */
      readonly through: number;
    };

export type LogReader = (definition: ShapeDefinition, after: LogPosition) => Promise<LogPage>;

/** Results of equal questions are shared for as long as nothing new is known. */
export function createLogReader(db: QueryExecutorProvider, tail: LogTail, chunkBytes: number): LogReader {
  const shared = new Map<string, Promise<LogPage>>();
  let sharedEnd = -1;
  return (definition, after) => {
    const through = tail.end();
    if (through !== sharedEnd) {
      shared.clear();
      sharedEnd = through;
    }
    const name = nameQuestion(tail, definition, after);
    const found = shared.get(name);
    if (found !== undefined) return found;
    const page = readPage(db, tail, { definition, after, through, chunkBytes });
    page.then(
      // A large answer is worth sharing only while it is being made.
      (done) =>
        (done.kind === "page" && done.body.length < sharedCharacters && shared.size < maximumShared) ||
        shared.delete(name),
      () => shared.delete(name),
    );
    shared.set(name, page);
    return page;
  };
}

const sharedCharacters = 100_000;
const maximumShared = 500;

/** In the tail two places with no change of the table between them ask the same. */
function nameQuestion(tail: LogTail, { hash, relation }: ShapeDefinition, after: LogPosition): string {
  if (!tail.covers(after)) return `${hash}/${after.number}_${after.place}`;
  const next = tail.nextAfter(relation.oid, after);
  if (next === null) return `${hash}/end`;
  return next.number === after.number ? `${hash}/${after.number}_${after.place}` : `${hash}/${next.number}`;
}

type Question = {
  readonly definition: ShapeDefinition;
  readonly after: LogPosition;
  readonly through: number;
  readonly chunkBytes: number;
};

async function readPage(db: QueryExecutorProvider, tail: LogTail, question: Question): Promise<LogPage> {
  const { definition, after, through } = question;
  const fromTail = tail.covers(after);
  const batches = fromTail
    ? sliceBatches(tail.entriesAfter(definition.relation.oid, after))
    : readBatches(db, definition.relation.oid, after, through);
  const page = await collectPage(db, question, batches);
  // Asked afterwards: what was trimmed while we read is missing from what we read.
  if (!fromTail && (await readLogEnd(db)).trimmed > after.number) return { kind: "trimmed" };
  return page;
}

const entriesPerSlice = 500;

async function* sliceBatches(entries: readonly LogEntry[]): AsyncGenerator<readonly LogEntry[]> {
  for (let at = 0; at < entries.length; at += entriesPerSlice) yield entries.slice(at, at + entriesPerSlice);
}

const commitsAtOnce = 1000;
const firstEntries = 500;

async function* readBatches(
  db: QueryExecutorProvider,
  relation: string,
  start: LogPosition,
  through: number,
): AsyncGenerator<readonly LogEntry[]> {
  let after = start;
  for (;;) {
    const commits = await listCommits(db, after.number - 1, through, commitsAtOnce);
    for (let rest = commits; rest.length > 0; ) {
      const page = takePage(rest);
      rest = rest.slice(page.length);
      // A small answer needs few of a large transaction's entries, a large one soon asks for full pages.
      for (let limit = firstEntries; ; limit = Math.min(entriesPerPage, limit * 4)) {
        const entries = await readEntries(db, page, { relation, after, limit });
        yield entries;
        const last = entries.at(-1);
        if (page.length > 1 || last === undefined || entries.length < limit) break;
        after = { number: last.number, place: last.place + 1 };
      }
    }
    const last = commits.at(-1);
    if (last === undefined || commits.length < commitsAtOnce) return;
    after = { number: last.number + 1, place: -1 };
  }
}

async function collectPage(
  db: QueryExecutorProvider,
  { definition, after, through, chunkBytes }: Question,
  batches: AsyncGenerator<readonly LogEntry[]>,
): Promise<LogPage> {
  const written: string[] = [];
  let bytes = 0;
  let pending: ShapeMessage | null = null;
  let position: LogPosition | null = null;
  const write = (message: ShapeMessage, last: boolean): void => {
    const text = writeMessage(message, last);
    written.push(text);
    bytes += Buffer.byteLength(text) + 2;
    position = { number: message.number, place: message.place };
  };
  const finish = (upToDate: boolean): LogPage => {
    if (upToDate) written.push(writeUpToDate(through));
    const messages = written.length - (upToDate ? 1 : 0);
    return { kind: "page", body: `[${written.join(",\n")}]`, messages, position, upToDate, through };
  };
  for await (const entries of batches) {
    for (const message of await describeBatch(db, definition, after, entries)) {
      if (pending !== null) {
        write(pending, pending.number !== message.number);
        if (bytes >= chunkBytes) return finish(false);
      }
      pending = message;
    }
  }
  if (pending !== null) write(pending, true);
  return finish(true);
}

async function describeBatch(
  db: QueryExecutorProvider,
  definition: ShapeDefinition,
  after: LogPosition,
  entries: readonly LogEntry[],
): Promise<ShapeMessage[]> {
  const matches = await matchEntries(db, definition, entries);
  return entries.flatMap((entry, place) => {
    const match = matches[place];
    if (match === undefined) return [];
    return describeEntry(definition, entry, match).filter((message) => isAfter(message, after));
  });
}
