import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * The facts of a parcel lie close together in a log, so the parcel's row says where: `[log, first, last]` for each
 * stretch. An index over every fact said the same nine times a parcel and was a seventh of what COPY cost in
 * PostgreSQL, more in the embedded database. The id of a fact stands in its text and nobody looked for it by column. Newest
 * parcels are found from the end of their index, where new ones go in without pushing others aside.
 */
export const factsThroughParcelsMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`ALTER TABLE parcels ADD COLUMN fact_spans jsonb NOT NULL DEFAULT '[]'`.execute(db);
    await sql`WITH stepped AS (
        SELECT station_id, parcel_id, log_id, sequence, received_at,
          sequence - lag(sequence) OVER parcel > 1000 AS far
        FROM facts WHERE parcel_id IS NOT NULL
        WINDOW parcel AS (PARTITION BY station_id, parcel_id, log_id ORDER BY sequence)
      ), numbered AS (
        SELECT *, count(*) FILTER (WHERE far) OVER (
          PARTITION BY station_id, parcel_id, log_id ORDER BY sequence) AS span
        FROM stepped
      ), spans AS (
        SELECT station_id, parcel_id, min(received_at) AS received_at,
          jsonb_build_array(log_id, min(sequence), max(sequence)) AS span
        FROM numbered GROUP BY station_id, parcel_id, log_id, span
      ), listed AS (
        SELECT station_id, parcel_id, jsonb_agg(span ORDER BY received_at, span) AS fact_spans
        FROM spans GROUP BY station_id, parcel_id
      )
      UPDATE parcels SET fact_spans = listed.fact_spans FROM listed
      WHERE parcels.station_id = listed.station_id AND parcels.parcel_id = listed.parcel_id`.execute(db);
    await sql`DROP INDEX facts_parcel`.execute(db);
    await sql`ALTER TABLE facts DROP COLUMN fact_id`.execute(db);
    await sql`DROP INDEX parcels_newest`.execute(db);
    await sql`CREATE INDEX parcels_newest ON parcels (parcel_id, station_id)`.execute(db);
  },
};
