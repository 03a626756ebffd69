import { type Kysely, PostgresDialect, sql } from "kysely";
import type pg from "pg";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { explainPostgres, otherEncoding, tooOld } from "./explain-postgres.ts";
import { migrateDatabase, migrations } from "./migrate.ts";
import type { CloudTables } from "./tables.ts";

const oldestMajor = 15;

/**
 * Brings the schema up to date: every pending migration in one transaction, so that a death in the middle leaves the
 * schema as it was. Fails with database.newer when another program has gone further; throws what the database said.
 */
export async function prepareSchema(kysely: Kysely<CloudTables>): Promise<Result<null>> {
  const found = await findForeignMigration(kysely);
  if (found !== null) {
    const known = Object.keys(migrations).toSorted().at(-1) ?? "";
    return fail("database.newer", { found, known });
  }
  await migrateDatabase(kysely);
  return succeed(null);
}

/** The newest migration in the database that this program does not know. */
async function findForeignMigration(kysely: Kysely<CloudTables>): Promise<string | null> {
  const { rows: tables } = await sql<{ found: boolean }>`
    select to_regclass('kysely_migration') is not null as found`.execute(kysely);
  if (tables[0]?.found !== true) return null;
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name desc`.execute(
    kysely,
  );
  return rows.find(({ name }) => !(name in migrations))?.name ?? null;
}

/**
 * The same on PostgreSQL, over connections of its own without time limits: a large table takes its time. Clouds that
 * start together wait for one another. Fails with config.invalid or database.unreachable, too.
 */
export async function preparePostgres(
  pool: (limits: PostgresLimits) => pg.Pool,
  makeKysely: (dialect: PostgresDialect) => Kysely<CloudTables>,
  url: string,
): Promise<Result<null>> {
  const kysely = makeKysely(new PostgresDialect({ pool: pool({ max: 2 }) }));
  try {
    const { rows } = await sql<{ version: string; encoding: string }>`
      select current_setting('server_version') as version, current_setting('server_encoding') as encoding`.execute(
      kysely,
    );
    const { version, encoding } = rows[0] ?? { version: "0", encoding: "unknown" };
    if (Number.parseInt(version, 10) < oldestMajor) return tooOld(version);
    return encoding === "UTF8" ? await prepareSchema(kysely) : otherEncoding(encoding, url);
  } catch (error) {
    return explainPostgres(error, url);
  } finally {
    await kysely.destroy();
  }
}

export type PostgresLimits = Pick<
  pg.PoolConfig,
  "max" | "statement_timeout" | "lock_timeout" | "idle_in_transaction_session_timeout"
>;

/** A statement that takes minutes, a lock nobody gives back, a transaction somebody forgot: ended by the server. */
export const workingLimits: PostgresLimits = {
  max: 10,
  statement_timeout: 120_000,
  lock_timeout: 30_000,
  idle_in_transaction_session_timeout: 60_000,
};
