import { Kysely, type LogEvent, PGliteDialect, PostgresDialect } from "kysely";
import pg from "pg";
import { migrateDatabase } from "../db/migrate.ts";
import { openEmbedded } from "../db/open-embedded.ts";
import type { CloudTables } from "../db/tables.ts";

/**
 * Migrates the database named by its arguments and kills itself after so many statements; without a number it lives
 * and prints how many there were.
 */
const [kind, where, diesAfter] = process.argv.slice(2);
if (where === undefined) throw new Error("no database given");
const last = diesAfter === undefined ? Number.POSITIVE_INFINITY : Number(diesAfter);
let statements = 0;

const log = (event: LogEvent): void => {
  if (event.level === "error") return;
  statements += 1;
  // Not an exit: nothing is closed, rolled back or said good-bye to.
  if (statements >= last) process.kill(process.pid, "SIGKILL");
};
const dialect =
  kind === "folder"
    ? new PGliteDialect({ pglite: await openEmbedded(where) })
    : new PostgresDialect({ pool: new pg.Pool({ connectionString: where, max: 2 }) });
const kysely = new Kysely<CloudTables>({ dialect, log });
await migrateDatabase(kysely);
await kysely.destroy();
process.stdout.write(`${statements}\n`);
