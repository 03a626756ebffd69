import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * Newest facts first are read from this index backwards. Written that way round, every new entry went to the very
 * front of its first page and pushed all others aside; at the end there is room. In the embedded database
 * that was a good part of what a batch of facts cost.
 */
export const factsByArrivalMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`DROP INDEX facts_received`.execute(db);
    await sql`CREATE INDEX facts_received ON facts (received_at, sequence)`.execute(db);
  },
};
