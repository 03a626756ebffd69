import { formatOffset, type LogPosition, type ShapePosition, wholeCommit } from "./log-position.ts";
import type { LogTail } from "./log-tail.ts";
import type { LogPage, LogReader } from "./read-log.ts";
import type { RelationStore } from "./relation-store.ts";
import type { ShapeDefinition } from "./shape-definition.ts";
import { readHandle, type Snapshot, type SnapshotEnd, type Snapshots } from "./snapshots.ts";
import type { Chunk } from "./spool.ts";
import type { WaitList } from "./wait-list.ts";

export type ShapeAnswer =
  | {
      readonly kind: "messages";
      readonly handle: string;
      readonly offset: string;
      readonly body: Chunk | string;
      readonly upToDate: boolean;
      readonly hasData: boolean;
      /** The time ran out and nothing had happened. */
      readonly idle: boolean;
    }
  /** The client must begin again at offset -1, under another handle. */
  | { readonly kind: "refetch"; readonly handle: string }
  /** The definition does not fit the table as it is now: look it up again. */
  | { readonly kind: "outdated" }
  | { readonly kind: "failed"; readonly cause: unknown };

export type ShapeQuestion = {
  readonly position: ShapePosition;
  readonly handle: string | null;
  readonly live: boolean;
  /** Ends a held request: the client went away, or may no longer ask. */
  readonly signal: AbortSignal;
};

export type AnswerShape = (definition: ShapeDefinition, question: ShapeQuestion) => Promise<ShapeAnswer>;

/** Beyond this an idle client's place is moved on, so that trimming the log does not make it begin again. */
const farBehindCommits = 2000;

type Parts = {
  readonly tail: LogTail;
  readonly readLog: LogReader;
  readonly snapshots: Snapshots;
  readonly relations: RelationStore;
  readonly waiting: WaitList;
  readonly longPollMs: number;
};

export function createAnswers({
  tail,
  readLog,
  snapshots,
  relations,
  waiting,
  longPollMs,
}: Parts): AnswerShape {
  async function answer(definition: ShapeDefinition, question: ShapeQuestion): Promise<ShapeAnswer> {
    const { position, handle } = question;
    if (position.kind === "start" || handle === null) return answerChunk(snapshots.open(definition), 0);
    const known = readHandle(handle);
    if (known === null || known.hash !== definition.hash || snapshots.isForgotten(known))
      return refetch(definition, handle);
    const snapshot = snapshots.find(handle);
    if (position.kind === "snapshot" && snapshot !== null) {
      const next = await answerChunk(snapshot, position.chunk + 1);
      if (next.kind === "messages") return next;
      if (snapshot.state() !== "complete" || position.chunk !== snapshot.lastChunk())
        return refetch(definition, handle);
    }
    const after = findPlace(position, await findEnd(position, snapshot, handle));
    return after === null ? refetch(definition, handle) : answerLog(definition, question, handle, after);
  }

  /** After a restart only the database knows; in the log nobody needs to. */
  async function findEnd(
    position: ShapePosition,
    snapshot: Snapshot | null,
    handle: string,
  ): Promise<SnapshotEnd | null> {
    if (snapshot !== null) return { start: snapshot.start(), lastChunk: snapshot.lastChunk() };
    return position.kind === "log" ? null : snapshots.findEnd(handle);
  }

  async function answerChunk(snapshot: Snapshot, chunk: number): Promise<ShapeAnswer> {
    const body = await snapshot.readChunk(chunk);
    if (body === null) {
      if (snapshot.state() === "outdated") return { kind: "outdated" };
      return snapshot.state() === "complete"
        ? { kind: "refetch", handle: snapshot.handle }
        : { kind: "failed", cause: snapshot.failure() };
    }
    const offset = formatOffset({ kind: "snapshot", chunk });
    // Never up to date: the log since is still to be read, and the answer may be kept for long.
    const hasData = snapshot.lastChunk() > 0 || body.includes('"operation":"insert"');
    return { kind: "messages", handle: snapshot.handle, offset, body, upToDate: false, hasData, idle: false };
  }

  /** The handle is that of the snapshot that the client will get next, and never the one it must forget. */
  function refetch(definition: ShapeDefinition, handle: string): ShapeAnswer {
    let snapshot = snapshots.open(definition);
    if (snapshot.handle === handle) {
      snapshots.drop(handle);
      snapshot = snapshots.open(definition);
    }
    return { kind: "refetch", handle: snapshot.handle };
  }

  async function answerLog(
    definition: ShapeDefinition,
    question: ShapeQuestion,
    handle: string,
    after: LogPosition,
  ): Promise<ShapeAnswer> {
    if (!question.live || after.number > tail.end()) await tail.refresh();
    // An offset from the future is one of another copy of this database.
    if (after.number > tail.end()) return refetch(definition, handle);
    if (!relations.isCurrent(definition)) return { kind: "outdated" };
    const page = question.live
      ? await waitForPage(definition, question, handle, after)
      : await readLog(definition, after);
    if (page === "changed") return { kind: "outdated" };
    if (page.kind === "trimmed") return refetch(definition, handle);
    const isRemembered = tail.covers(after);
    return {
      kind: "messages",
      handle,
      offset: formatOffset(nextPosition(question.position, { after, page, isRemembered })),
      body: page.body,
      upToDate: page.upToDate,
      hasData: page.messages > 0,
      idle: question.live && page.messages === 0,
    };
  }

  /** Sleeps until a change of these rows, the end of the hold time or the end of the client. */
  async function waitForPage(
    definition: ShapeDefinition,
    { signal }: ShapeQuestion,
    handle: string,
    start: LogPosition,
  ): Promise<LogPage | "changed"> {
    const deadline = Date.now() + longPollMs;
    const alarm = createAlarm(signal);
    const remove = waiting.add(definition, alarm.ring);
    const known = readHandle(handle);
    let after = start;
    try {
      for (;;) {
        if (!relations.isCurrent(definition) || (known !== null && snapshots.isForgotten(known)))
          return "changed";
        const page = await readLog(definition, after);
        const remainingMs = deadline - Date.now();
        if (page.kind === "trimmed" || page.messages > 0 || remainingMs <= 0 || signal.aborted) return page;
        after = laterOf(after, wholeCommit(page.through));
        await alarm.wait(remainingMs);
      }
    } finally {
      remove();
      alarm.close();
    }
  }

  return answer;
}

const laterOf = (one: LogPosition, other: LogPosition): LogPosition =>
  other.number >= one.number ? other : one;

/** Where in the log to go on; null where that is not known any more. */
function findPlace(position: ShapePosition, end: SnapshotEnd | null): LogPosition | null {
  if (position.kind === "log") {
    // A place before the snapshot's end would repeat what the snapshot has.
    return end !== null && position.number <= end.start ? wholeCommit(end.start) : position;
  }
  if (end === null || (position.kind === "snapshot" && position.chunk !== end.lastChunk)) return null;
  return wholeCommit(end.start);
}

type Passed = {
  readonly after: LogPosition;
  readonly page: LogPage & { kind: "page" };
  /** The log since then is in memory: asking again from the same place costs nothing. */
  readonly isRemembered: boolean;
};

function nextPosition(asked: ShapePosition, { after, page, isRemembered }: Passed): ShapePosition {
  if (page.position !== null) return { kind: "log", ...page.position };
  const passed = page.through - after.number;
  if (passed > farBehindCommits || (!isRemembered && passed > 0))
    return { kind: "log", number: page.through, place: 0 };
  return asked.kind === "snapshot" ? { kind: "after-snapshot" } : asked;
}

type Alarm = {
  readonly ring: () => void;
  readonly wait: (timeoutMs: number) => Promise<void>;
  readonly close: () => void;
};

/** A ring that comes while nobody waits ends the next wait at once. */
function createAlarm(signal: AbortSignal): Alarm {
  let rung = false;
  let wake = (): void => undefined;
  const ring = (): void => {
    rung = true;
    wake();
  };
  signal.addEventListener("abort", ring);
  async function wait(timeoutMs: number): Promise<void> {
    if (!rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    rung = false;
  }
  return { ring, wait, close: () => signal.removeEventListener("abort", ring) };
}
