import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * The id of a fact stands in its text, and nobody looked for it by its column. Newest parcels are found from the end of
 * their index, where new ones go in without pushing others aside.
 */
export const factsWithoutIdMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`ALTER TABLE facts DROP COLUMN fact_id`.execute(db);
    await sql`DROP INDEX parcels_newest`.execute(db);
    await sql`CREATE INDEX parcels_newest ON parcels (parcel_id, station_id)`.execute(db);
  },
};
