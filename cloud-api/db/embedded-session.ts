import { setTimeout as sleep } from "node:timers/promises";
import { messages, type PGlite, protocol } from "@electric-sql/pglite";
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type { ChangeFeed } from "./change-feed.ts";
import { explainTrouble } from "./explain-trouble.ts";

/**
 * The embedded database has one session. Here it is lent out like a connection of a pool, to one at a time, so that
 * the query builder treats both databases alike. Statements with values are parsed once and kept under a name, and
 * all of a statement goes in as one message: the library's own query takes seven, and is four times as slow.
 *
 * Where PostgreSQL would end all its processes, for it could not write its log, the embedded one goes on, with its
 * locks held: the next commit waits for them for ever and the whole process with it. So after a PANIC it is never
 * spoken to again; another one is opened over the same files, and recovers as after any death.
 */
export type EmbeddedSession = {
  readonly pool: PostgresPool;
  /** COPY for whoever has the session, in the middle of a transaction. `rows` as COPY's text format has them. */
  readonly copy: (statement: string, rows: Uint8Array) => Promise<void>;
  /** Closes the database, or ends trying to open it again. */
  readonly close: () => Promise<void>;
};

export type SessionSource = {
  /** Hears of every notice that commits, and of `*` when some may have been missed. */
  readonly announce: ChangeFeed["announce"];
  /** Over the same files as before, listening to the same channel; rejects as long as that cannot be. */
  readonly reopen: () => Promise<PGlite>;
  /** The database broke off, or could not be opened again yet. */
  readonly onBreak: (error: unknown) => void;
};

type Statement = {
  readonly name: string;
  readonly parameterTypes: readonly number[];
  readonly columns: readonly Column[];
};
type Answer = PostgresQueryResult<unknown>;
type Column = { readonly name: string; readonly parse: (text: string) => unknown };
type Message = Parameters<Parameters<InstanceType<typeof protocol.Parser>["parse"]>[1]>[0];

/** A session says the same things over and over; whatever was not said for long is forgotten first. */
const mostStatements = 200;
const { serialize, Parser } = protocol;
const { CommandCompleteMessage, DatabaseError, DataRowMessage, NotificationResponseMessage } = messages;
const { ParameterDescriptionMessage, RowDescriptionMessage } = messages;
const asIs = (text: string): string => text;

const reopenAfterMs = { first: 500, longest: 10_000 };

export function openSession(first: PGlite, { announce, reopen, onBreak }: SessionSource): EmbeddedSession {
  const statements = new Map<string, Statement>();
  const turns: (() => void)[] = [];
  const closing = new AbortController();
  let pglite = first;
  let broken: Error | null = null;
  /** How often it broke off; a transaction does not go on in a life it was not begun in. */
  let lives = 0;
  let lentIn = 0;
  let isLent = false;
  let named = 0;

  /** The answer to one message or several; throws what the database refuses. */
  async function ask(parts: readonly Uint8Array[]): Promise<Message[]> {
    if (broken !== null) throw broken;
    if (lentIn !== lives) throw away("the embedded database broke off in the middle of a transaction");
    if (pglite.closed) throw new Error("the embedded database is closed");
    const answer: Message[] = [];
    const parser = new Parser();
    const refusals: Error[] = [];
    const onRawData = (bytes: Uint8Array): void =>
      parser.parse(bytes, (message) => {
        if (message instanceof DatabaseError) refusals.push(message);
        else if (message instanceof NotificationResponseMessage) tell(message.payload);
        else answer.push(message);
      });
    try {
      await pglite.execProtocolRawStream(Buffer.concat(parts), { syncToFs: false, onRawData });
    } catch (error) {
      // It says no when it refuses; what it throws is a program that has ended.
      breakOff(error);
      throw error;
    }
    const panic = refusals.find(isPanic);
    if (panic !== undefined) breakOff(panic);
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
    return answer;
  }

  function breakOff(cause: unknown): void {
    if (broken !== null || closing.signal.aborted) return;
    broken =
      explainTrouble(cause) === null ? away("the embedded database broke off", cause) : (cause as Error);
    onBreak(cause);
    void renew();
  }

  async function renew(): Promise<void> {
    for (let waitMs = reopenAfterMs.first; ; waitMs = Math.min(waitMs * 2, reopenAfterMs.longest)) {
      await sleep(waitMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
      if (closing.signal.aborted) return;
      try {
        const opened = await reopen();
        if (closing.signal.aborted) return await opened.close();
        pglite = opened;
        break;
      } catch (error) {
        onBreak(error);
      }
    }
    statements.clear();
    lives += 1;
    broken = null;
    announce("*");
  }

  // Not before whoever committed has heard of it.
  const tell = (notice: string): void => queueMicrotask(() => announce(notice));

  async function prepare(text: string): Promise<Statement> {
    const known = statements.get(text);
    if (known !== undefined) {
      statements.delete(text);
      statements.set(text, known);
      return known;
    }
    named += 1;
    const name = `s${named}`;
    const answer = await ask([
      ...forgetOldest(),
      serialize.parse({ name, text }),
      serialize.describe({ type: "S", name }),
      serialize.sync(),
    ]);
    const described = answer.find((message) => message instanceof ParameterDescriptionMessage);
    const statement = { name, parameterTypes: described?.dataTypeIDs ?? [], columns: readColumns(answer) };
    statements.set(text, statement);
    return statement;
  }

  function forgetOldest(): Uint8Array[] {
    const [oldest] = statements;
    if (oldest === undefined || statements.size < mostStatements) return [];
    statements.delete(oldest[0]);
    return [serialize.close({ type: "S", name: oldest[1].name })];
  }

  function readColumns(answer: readonly Message[]): Column[] {
    const row = answer.find((message) => message instanceof RowDescriptionMessage);
    if (row === undefined) return [];
    return row.fields.map(({ name, dataTypeID }) => ({ name, parse: pglite.parsers[dataTypeID] ?? asIs }));
  }

  const writeValue = (value: unknown, type: number | undefined): string | null => {
    if (value === null || value === undefined) return null;
    const write = pglite.serializers[type ?? 0];
    return write === undefined ? String(value) : write(value);
  };

  async function query(text: string, values: readonly unknown[]): Promise<Answer> {
    if (values.length === 0) {
      const answer = await ask([serialize.query(text)]);
      return readResult(answer, readColumns(answer));
    }
    try {
      return await execute(text, values);
    } catch (error) {
      if (!isStale(error) || pglite.isInTransaction()) throw error;
      return execute(text, values);
    }
  }

  async function execute(text: string, values: readonly unknown[]): Promise<Answer> {
    const { name: statement, parameterTypes, columns } = await prepare(text);
    const written = values.map((value, at) => writeValue(value, parameterTypes[at]));
    try {
      const parts = [serialize.bind({ statement, values: written }), serialize.execute({}), serialize.sync()];
      return readResult(await ask(parts), columns);
    } catch (error) {
      if (isStale(error)) statements.delete(text);
      throw error;
    }
  }

  function lend(): PostgresPoolClient {
    let isMine = true;
    lentIn = lives;
    return {
      query: query as never,
      release: (isBroken) => {
        if (!isMine) return;
        isMine = false;
        // A pool would close such a connection; the next one must not find its transaction.
        if (isBroken === true) ask([serialize.query("rollback")]).then(passOn, passOn);
        else passOn();
      },
    };
  }

  function passOn(): void {
    const next = turns.shift();
    if (next === undefined) isLent = false;
    else next();
  }

  async function connect(): Promise<PostgresPoolClient> {
    if (isLent) await new Promise<void>((resolve) => turns.push(resolve));
    isLent = true;
    return lend();
  }

  return {
    pool: { connect, end: async () => undefined, options: {} },
    copy: async (statement, rows) => {
      const end = new Uint8Array([99, 0, 0, 0, 4]);
      await ask([serialize.query(statement), headCopy(rows.length), rows, end]);
    },
    close: async () => {
      closing.abort();
      if (broken === null) await pglite.close();
    },
  };
}

const isPanic = (error: Error): boolean => "severity" in error && error.severity === "PANIC";

/** As PostgreSQL says it while it recovers: it passes by itself. */
const away = (message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code: "57P03" });

/** Type and length of a message that carries so many bytes of COPY. */
function headCopy(bytes: number): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(100, 0);
  head.writeInt32BE(bytes + 4, 1);
  return head;
}

/** A table has other columns than when the statement was parsed. */
const isStale = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === "0A000" && error.message.startsWith("cached plan");

function readResult(answer: readonly Message[], columns: readonly Column[]): Answer {
  const rows: Record<string, unknown>[] = [];
  let tag: readonly string[] = [];
  for (const message of answer) {
    if (message instanceof CommandCompleteMessage) tag = message.text.split(" ");
    if (!(message instanceof DataRowMessage)) continue;
    const row: Record<string, unknown> = {};
    for (const [at, { name, parse }] of columns.entries()) {
      const text = message.fields[at] ?? null;
      row[name] = text === null ? null : parse(text);
    }
    rows.push(row);
  }
  return { command: tag[0] as Answer["command"], rowCount: Number(tag.at(-1)) || 0, rows };
}
