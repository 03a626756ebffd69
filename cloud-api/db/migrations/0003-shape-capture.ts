import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { captureTable, ensureShapeCapture } from "../../sync/capture-schema.ts";

const captured = ["orders", "shipments", "releases", "channels", "sort_plans", "acknowledgements"];

/** Changes of the synced tables go into a log of their own schema, in the transaction that makes them. */
export const shapeCaptureMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await ensureShapeCapture(db);
    // A first fetch of one hub reads its rows in one go.
    for (const table of ["orders", "shipments", "releases"])
      await sql.raw(`CREATE INDEX IF NOT EXISTS ${table}_hub ON ${table} (tenant_id, hub_id)`).execute(db);
    for (const table of captured) await captureTable(db, "public", table);
  },
};
