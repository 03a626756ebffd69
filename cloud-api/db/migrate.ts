import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { initialMigration } from "./migrations/0001-initial.ts";
import { tenantsMigration } from "./migrations/0002-tenants-and-partitions.ts";
import { shapeCaptureMigration } from "./migrations/0003-shape-capture.ts";
import { peopleMigration } from "./migrations/0004-people.ts";
import { factsByArrivalMigration } from "./migrations/0005-facts-by-arrival.ts";
import { factsWithoutPayloadMigration } from "./migrations/0006-facts-without-payload.ts";
import { factsWithoutIdMigration } from "./migrations/0007-facts-without-id.ts";
import type { CloudTables } from "./tables.ts";

/** A map rather than a folder, so that a bundled cloud carries its migrations. Published ones never change. */
export const migrations: Record<string, Migration> = {
  "0001-initial": initialMigration,
  "0002-tenants-and-partitions": tenantsMigration,
  "0003-shape-capture": shapeCaptureMigration,
  "0004-people": peopleMigration,
  "0005-facts-by-arrival": factsByArrivalMigration,
  "0006-facts-without-payload": factsWithoutPayloadMigration,
  "0007-facts-without-id": factsWithoutIdMigration,
};

/** Any number will do, as long as nothing else in the database takes the same. */
export const migrationLock = 5_713_204_921;

/**
 * Brings the database to this program's schema; throws what the database said. Of clouds that start together one does
 * it, and the others wait before they look at anything: the library takes its own lock only after it has looked through
 * all tables and columns, which fails when a column goes in that moment.
 */
export async function migrateDatabase(kysely: Kysely<CloudTables>): Promise<void> {
  await kysely.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${migrationLock})`.execute(connection);
    try {
      await migrate(connection);
    } finally {
      await sql`select pg_advisory_unlock(${migrationLock})`.execute(connection);
    }
  });
}

async function migrate(db: Kysely<CloudTables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const why = error instanceof Error ? error.message : String(error);
  throw new Error(`the schema could not be brought up to date: ${why}`, { cause: error });
}
