import type { QueryExecutorProvider } from "kysely";
import type { ChangeFeed } from "../db/change-feed.ts";
import {
  type Commit,
  entriesPerPage,
  type LogEntry,
  readEntries,
  readLogEnd,
  readNewCommits,
  takePage,
} from "./log-entries.ts";
import { isAfter, type LogPosition, wholeCommit } from "./log-position.ts";

/** The newest part of the log in memory, read once for everybody. `end` is the newest commit that is known. */
export type LogTail = {
  readonly end: () => number;
  /** Whether everything after the position is here. */
  readonly covers: (position: LogPosition) => boolean;
  /** Entries of the relation after a position that is covered, oldest first. */
  readonly entriesAfter: (relation: string, position: LogPosition) => readonly LogEntry[];
  readonly nextAfter: (relation: string, position: LogPosition) => LogEntry | null;
  /** Resolves when every commit that was visible at the call is in. */
  readonly refresh: () => Promise<void>;
  readonly stop: () => void;
};

export type TailEvents = {
  /** New entries, before anybody can read them. */
  readonly onEntries: (entries: readonly LogEntry[]) => Promise<void>;
  /** So much came at once that it was not read: anything may have changed. */
  readonly onSkipped: () => Promise<void>;
  /** After `end` has moved. */
  readonly onAdvanced: (entries: readonly LogEntry[]) => void;
  readonly onError: (error: unknown) => void;
};

const defaultLimitBytes = 48_000_000;
const commitsAtOnce = 500;
const retryMs = 1000;
/** Between two looks: who commits fifty times a second would else have the log read as often. The first is at once. */
const restMs = 50;

export async function startLogTail(
  db: QueryExecutorProvider,
  changes: ChangeFeed,
  events: TailEvents,
  limitBytes: number = defaultLimitBytes,
): Promise<LogTail> {
  const ring = createRing(limitBytes);
  const refreshing = runOneAfterAnother(readNew);
  let stopped = false;
  /** Nobody looks before it ends. */
  let resting: NodeJS.Timeout | null = null;
  let isWanted = false;

  function look(): void {
    if (stopped) return;
    isWanted = resting !== null;
    if (isWanted) return;
    rest(restMs);
    refreshing().catch((error: unknown) => {
      events.onError(error);
      if (stopped) return;
      // Without another notice nobody would look again.
      isWanted = true;
      rest(retryMs);
    });
  }

  function rest(forMs: number): void {
    if (resting !== null) clearTimeout(resting);
    resting = setTimeout(() => {
      resting = null;
      if (isWanted) look();
    }, forMs).unref();
  }

  const unsubscribe = changes.subscribe((_, captured) => {
    if (captured) look();
  });
  const { end } = await readLogEnd(db);
  ring.skipTo(end);

  async function readNew(): Promise<void> {
    if (stopped) return;
    for (;;) {
      const { commits, entries } = await readNewCommits(db, ring.end(), commitsAtOnce);
      const last = commits.at(-1);
      if (last === undefined) return;
      if (entries !== null && sumBytes(entries) <= limitBytes) await take(entries, last.number);
      else if (commits.reduce((sum, { entries }) => sum + entries, 0) > maximumEntries)
        await skipTo(last.number);
      else await readCommits(commits);
      if (commits.length < commitsAtOnce) return;
    }
  }

  async function readCommits(commits: readonly Commit[]): Promise<void> {
    for (let rest = commits; rest.length > 0; ) {
      const page = takePage(rest);
      rest = rest.slice(page.length);
      const last = page.at(-1)?.number ?? ring.end();
      const entries = await readWhole(page);
      if (entries === null) {
        await skipTo(last);
        continue;
      }
      await take(entries, last);
    }
  }

  async function take(entries: readonly LogEntry[], end: number): Promise<void> {
    await events.onEntries(entries);
    ring.append(entries, end);
    events.onAdvanced(entries);
  }

  /** Null when it would not fit into the memory set aside. */
  async function readWhole(page: readonly Commit[]): Promise<LogEntry[] | null> {
    const all: LogEntry[] = [];
    let bytes = 0;
    let after: LogPosition = { number: 0, place: -1 };
    for (;;) {
      const entries = await readEntries(db, page, { relation: null, after, limit: entriesPerPage });
      all.push(...entries);
      bytes += sumBytes(entries);
      if (bytes > limitBytes) return null;
      const last = entries.at(-1);
      if (page.length > 1 || last === undefined || entries.length < entriesPerPage) return all;
      after = { number: last.number, place: last.place + 1 };
    }
  }

  async function skipTo(number: number): Promise<void> {
    await events.onSkipped();
    ring.skipTo(number);
    events.onAdvanced([]);
  }

  const stop = (): void => {
    stopped = true;
    unsubscribe();
    if (resting !== null) clearTimeout(resting);
  };
  return {
    end: ring.end,
    covers: ring.covers,
    entriesAfter: ring.entriesAfter,
    nextAfter: ring.nextAfter,
    refresh: refreshing,
    stop,
  };
}

const sumBytes = (entries: readonly LogEntry[]): number =>
  entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** More than this many entries at once are not worth reading for everybody. */
const maximumEntries = 50_000;

/**
 * Calls that come while one runs wait for the next one, which began after all of them: nobody is told of a state
 * older than its question.
 */
function runOneAfterAnother(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let following: Promise<void> | null = null;
  const start = (): Promise<void> => {
    const current = task().finally(() => {
      if (running === current) running = null;
    });
    running = current;
    return current;
  };
  return () => {
    if (running === null) return start();
    following ??= running
      .catch(() => undefined)
      .then(() => {
        following = null;
        return start();
      });
    return following;
  };
}

type Ring = Pick<LogTail, "end" | "covers" | "entriesAfter" | "nextAfter"> & {
  readonly append: (entries: readonly LogEntry[], end: number) => void;
  readonly skipTo: (number: number) => void;
};

function createRing(limitBytes: number): Ring {
  const byRelation = new Map<string, LogEntry[]>();
  let order: LogEntry[] = [];
  let bytes = 0;
  let floor = 0;
  let end = 0;

  function append(entries: readonly LogEntry[], newEnd: number): void {
    for (const entry of entries) {
      const list = byRelation.get(entry.relation) ?? [];
      byRelation.set(entry.relation, list);
      list.push(entry);
      order.push(entry);
      bytes += entry.sizeBytes;
    }
    end = newEnd;
    if (bytes > limitBytes) dropOldest();
  }

  /** Down to three quarters at once, so that the lists are not shifted for every entry. Commits go whole. */
  function dropOldest(): void {
    let count = 0;
    while (count < order.length && (bytes > limitBytes * 0.75 || order[count]?.number === floor)) {
      const entry = order[count];
      bytes -= entry?.sizeBytes ?? 0;
      floor = entry?.number ?? floor;
      count += 1;
    }
    order = order.slice(count);
    for (const [relation, list] of byRelation) {
      const kept = list.slice(findFirstAfter(list, wholeCommit(floor)));
      if (kept.length === 0) byRelation.delete(relation);
      else byRelation.set(relation, kept);
    }
  }

  function skipTo(number: number): void {
    byRelation.clear();
    order = [];
    bytes = 0;
    floor = number;
    end = number;
  }

  const entriesAfter = (relation: string, position: LogPosition): readonly LogEntry[] => {
    const list = byRelation.get(relation) ?? [];
    return list.slice(findFirstAfter(list, position));
  };
  // The commit of the floor itself has gone, and a position may lie within it.
  const covers = ({ number, place }: LogPosition): boolean =>
    number > floor || (number === floor && place === wholeCommit(floor).place);
  const nextAfter = (relation: string, position: LogPosition): LogEntry | null => {
    const list = byRelation.get(relation) ?? [];
    return list[findFirstAfter(list, position)] ?? null;
  };
  return { append, skipTo, entriesAfter, nextAfter, covers, end: () => end };
}

/** Place of the first entry of which something lies after the position. */
function findFirstAfter(list: readonly LogEntry[], position: LogPosition): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = list[middle];
    // An entry may be two messages; after the first of them the second is still to come.
    if (entry !== undefined && isAfter({ number: entry.number, place: entry.place + 1 }, position))
      high = middle;
    else low = middle + 1;
  }
  return low;
}
