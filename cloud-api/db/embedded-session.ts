import type { PGlite } from "@electric-sql/pglite";
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import { type Answer, type AnsweredColumn, createAnswerReader, DatabaseError } from "./backend-messages.ts";
import type { ChangeFeed } from "./change-feed.ts";
import { keepOpen, type LivesOptions } from "./embedded-lives.ts";
import {
  copyDone,
  encodeBind,
  encodeClose,
  encodeCopyHead,
  encodeDescribe,
  encodeParse,
  encodeQuery,
  runBound,
  sync,
} from "./frontend-messages.ts";

/**
 * The embedded database has one session. Here it is lent out like a connection of a pool, to one at a time, so that
 * the query builder treats both databases alike. Statements with values are parsed once and kept under a name, and
 * all of a statement goes in as one message: the library's own query takes seven, and is four times as slow.
 */
export type EmbeddedSession = {
  readonly pool: PostgresPool;
  /** COPY for whoever has the session, in the middle of a transaction. `rows` as COPY's text format has them. */
  readonly copy: (statement: string, rows: Uint8Array) => Promise<void>;
  /** Closes the database, or ends trying to open it again. */
  readonly close: () => Promise<void>;
};

export type SessionSource = Pick<LivesOptions, "reopen" | "onBreak"> & {
  /** Hears of every notice that commits, and of `*` when some may have been missed. */
  readonly announce: ChangeFeed["announce"];
};

type QueryResult = PostgresQueryResult<unknown>;
type Statement = {
  readonly name: string;
  readonly parameterTypes: readonly number[];
  readonly columns: readonly Column[];
};
type Column = { readonly name: string; readonly parse: (text: string) => unknown };

/** A session says the same things over and over; whatever was not said for long is forgotten first. */
const mostStatements = 200;
const asIs = (text: string): string => text;

export function openSession(first: PGlite, { announce, reopen, onBreak }: SessionSource): EmbeddedSession {
  const statements = new Map<string, Statement>();
  const turns: (() => void)[] = [];
  const onLife = (): void => {
    statements.clear();
    announce("*");
  };
  const lives = keepOpen(first, { reopen, onBreak, onLife });
  // Not the database itself: one that broke off must not be held on to.
  const { parsers, serializers } = first;
  /** A transaction does not go on in a life of the database it was not begun in. */
  let lentIn = 0;
  let isLent = false;
  let named = 0;

  /** The answer to one message or several; throws what the database refuses. */
  async function ask(parts: readonly Uint8Array[]): Promise<Answer> {
    const pglite = lives.database(lentIn);
    const { take, answer } = createAnswerReader(tell);
    try {
      await pglite.execProtocolRawStream(Buffer.concat(parts), { syncToFs: false, onRawData: take });
    } catch (error) {
      // It says no when it refuses; what it throws is a program that has ended.
      lives.breakOff(error);
      throw error;
    }
    const panic = answer.refusals.find(({ severity }) => severity === "PANIC");
    if (panic !== undefined) lives.breakOff(panic);
    const [refusal] = answer.refusals;
    if (refusal !== undefined) throw refusal;
    return answer;
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
    const { parameterTypes, columns } = await ask([
      ...forgetOldest(),
      encodeParse(name, text),
      encodeDescribe(name),
      sync,
    ]);
    const statement = { name, parameterTypes, columns: columns.map(findParser) };
    statements.set(text, statement);
    return statement;
  }

  function forgetOldest(): Uint8Array[] {
    const [oldest] = statements;
    if (oldest === undefined || statements.size < mostStatements) return [];
    statements.delete(oldest[0]);
    return [encodeClose(oldest[1].name)];
  }

  const findParser = ({ name, type }: AnsweredColumn): Column => ({ name, parse: parsers[type] ?? asIs });

  const writeValue = (value: unknown, type: number | undefined): string | null => {
    if (value === null || value === undefined) return null;
    const write = serializers[type ?? 0];
    return write === undefined ? String(value) : write(value);
  };

  async function query(text: string, values: readonly unknown[]): Promise<QueryResult> {
    if (values.length === 0) {
      const answer = await ask([encodeQuery(text)]);
      return readResult(answer, answer.columns.map(findParser));
    }
    try {
      return await execute(text, values);
    } catch (error) {
      if (!isStale(error) || lives.database(lentIn).isInTransaction()) throw error;
      return execute(text, values);
    }
  }

  async function execute(text: string, values: readonly unknown[]): Promise<QueryResult> {
    const { name: statement, parameterTypes, columns } = await prepare(text);
    const written = values.map((value, at) => writeValue(value, parameterTypes[at]));
    try {
      return readResult(await ask([encodeBind(statement, written), runBound, sync]), columns);
    } catch (error) {
      if (isStale(error)) statements.delete(text);
      throw error;
    }
  }

  function lend(): PostgresPoolClient {
    let isMine = true;
    lentIn = lives.life();
    return {
      query: query as never,
      release: (isBroken) => {
        if (!isMine) return;
        isMine = false;
        // A pool would close such a connection; the next one must not find its transaction.
        if (isBroken === true) ask([encodeQuery("rollback")]).then(passOn, passOn);
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
      await ask([encodeQuery(statement), encodeCopyHead(rows.length), rows, copyDone]);
    },
    close: lives.close,
  };
}

/** A table has other columns than when the statement was parsed. */
const isStale = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === "0A000" && error.message.startsWith("cached plan");

function readResult({ rows, tag }: Answer, columns: readonly Column[]): QueryResult {
  const words = tag.split(" ");
  const read = rows.map((fields) => {
    const row: Record<string, unknown> = {};
    for (const [at, { name, parse }] of columns.entries()) {
      const text = fields[at] ?? null;
      row[name] = text === null ? null : parse(text);
    }
    return row;
  });
  return { command: words[0] as QueryResult["command"], rowCount: Number(words.at(-1)) || 0, rows: read };
}
