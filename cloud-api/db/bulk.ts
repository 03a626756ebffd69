import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { EmbeddedSession } from "./embedded-session.ts";
import type { CloudTables } from "./tables.ts";

/** Rows as COPY reads them: see formatCopyRow. Each ends with a line break. */
export type Copy = (
  table: keyof CloudTables,
  columns: readonly string[],
  rows: Uint8Array<ArrayBuffer>,
) => Promise<void>;

/** A transaction that can also COPY: measured at half the time of the best INSERT for a batch of facts. */
export type BulkTransaction = <T>(
  work: (tx: Transaction<CloudTables>, copy: Copy) => Promise<T>,
) => Promise<T>;

const copyStatement = (table: string, columns: readonly string[]): string =>
  `copy ${table} (${columns.join(", ")}) from stdin`;

/** COPY needs the connection itself, so such a transaction runs on a query builder of its own over one client. */
export function bulkOverPool(pool: pg.Pool): BulkTransaction {
  const builders = new WeakMap<pg.PoolClient, Kysely<CloudTables>>();
  return async (work) => {
    const client = await pool.connect();
    const copy: Copy = (table, columns, rows) =>
      pipeline(Readable.from([rows]), client.query(copyFrom(copyStatement(table, columns))));
    const kysely = builders.get(client) ?? buildOver(client);
    builders.set(client, kysely);
    let broken: unknown;
    try {
      return await kysely.transaction().execute((tx) => work(tx, copy));
    } catch (error) {
      broken = error;
      throw error;
    } finally {
      // A client whose transaction failed may have lost its connection: the pool makes a new one.
      client.release(broken !== undefined && !isDatabaseError(broken));
    }
  };
}

/** PostgreSQL's own refusals leave the connection whole. */
const isDatabaseError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && /^[0-9A-Z]{5}$/.test(String(error.code));

function buildOver(client: pg.PoolClient): Kysely<CloudTables> {
  const lent = { query: prepareOnce(client), release: () => undefined };
  const pool = { connect: async () => lent, end: async () => undefined, options: {} };
  return new Kysely<CloudTables>({ dialect: new PostgresDialect({ pool }) });
}

/** Bulk transactions say the same few things over and over; more than these go unprepared. */
const mostPrepared = 20;

/** Statements with values are parsed and planned once per connection, under a name for each text. */
function prepareOnce(client: pg.PoolClient): pg.PoolClient["query"] {
  const names = new Map<string, string>();
  const query = (text: unknown, values?: readonly unknown[]): unknown => {
    if (typeof text !== "string" || values === undefined || values.length === 0)
      return client.query(text as string);
    if (!names.has(text) && names.size < mostPrepared) names.set(text, `bulk-${names.size + 1}`);
    return client.query({ name: names.get(text), text, values: [...values] });
  };
  return query as pg.PoolClient["query"];
}

/** Whoever is in a transaction has the embedded database's one session alone. */
export function bulkOverEmbedded(
  kysely: Kysely<CloudTables>,
  copyInto: EmbeddedSession["copy"],
): BulkTransaction {
  const copy: Copy = (table, columns, rows) => copyInto(copyStatement(table, columns), rows);
  return (work) => kysely.transaction().execute((tx) => work(tx, copy));
}
