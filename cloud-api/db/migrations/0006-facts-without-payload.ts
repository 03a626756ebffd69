import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * What a fact says stood twice in its row: in the text, and as jsonb beside it. The second was a fifth of what a batch
 * wrote and was read by the one page that shows facts to people. It is taken from the text when somebody asks.
 */
export const factsWithoutPayloadMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // Null where jsonb cannot hold the text: U+0000, half a surrogate pair.
    await sql`CREATE FUNCTION fact_payload(text text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN
        RETURN text::jsonb -> 'payload';
      EXCEPTION WHEN data_exception THEN
        RETURN NULL;
      END $$`.execute(db);
    await sql`ALTER TABLE facts DROP COLUMN payload`.execute(db);
  },
};
