import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type BackupStore, openBackupStore, restoreBackup } from "./backup.ts";
import { type ChangeFeed, createChangeFeed } from "./change-feed.ts";
import { lockFolder } from "./folder-lock.ts";
import { listenForChanges } from "./listen.ts";
import { migrateDatabase } from "./migrate.ts";
import { openEmbedded } from "./open-embedded.ts";
import { prepareFolder } from "./prepare-folder.ts";
import { syncTree } from "./synced-copy.ts";
import type { CloudTables } from "./tables.ts";

export type DatabaseConfig =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string }
  /** For tests: nothing is kept, nothing is ever durable. */
  | { readonly kind: "memory" };

export type Database = {
  readonly kysely: Kysely<CloudTables>;
  readonly changes: ChangeFeed;
  /** `commit`: a committed row is durable. `backup`: only what a synced backup holds. */
  readonly durability: "commit" | "backup";
  /** Null where nothing is to be copied. */
  readonly backups: BackupStore | null;
  /** True when the last backup had to replace a database that a power cut left in doubt. */
  readonly restored: boolean;
  readonly close: () => Promise<void>;
};

/** Opens, migrates and watches the database. Fails with data.in-use, store.damaged or cloud.unreachable. */
export function connectDatabase(config: DatabaseConfig): Promise<Result<Database>> {
  if (config.kind === "postgres") return connectPostgres(config.url);
  return config.kind === "memory" ? connectMemory() : connectFolder(config.path);
}

async function connectMemory(): Promise<Result<Database>> {
  const pglite = await openEmbedded(null);
  return succeed({
    ...(await startEmbedded(pglite)),
    backups: null,
    restored: false,
    close: () => pglite.close(),
  });
}

async function connectFolder(path: string): Promise<Result<Database>> {
  const databaseFolder = join(path, "database");
  const backupFolder = join(path, "backup");
  await mkdir(path, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(join(path, "cloud.lock"));
  if (!lock.ok) return lock;
  try {
    const restored = lock.value.doubtful && (await restoreBackup(databaseFolder, backupFolder));
    await prepareFolder(databaseFolder);
    const pglite = await openEmbedded(databaseFolder);
    const embedded = await startEmbedded(pglite);
    if (restored) await renewShapes(embedded.kysely);
    await lock.value.settle();
    const close = async (): Promise<void> => {
      await pglite.close();
      // Without this a power cut right after a clean stop could still tear the files.
      await syncTree(databaseFolder);
      await lock.value.release();
    };
    return succeed({ ...embedded, backups: openBackupStore(databaseFolder, backupFolder), restored, close });
  } catch (error) {
    // A doubt must not be forgotten with the lock: the next start then tries the backup again.
    if (!lock.value.doubtful) await lock.value.release();
    return fail("store.damaged", { reason: "the embedded database does not open" }, error);
  }
}

async function startEmbedded(pglite: PGlite): Promise<Pick<Database, "kysely" | "changes" | "durability">> {
  const kysely = new Kysely<CloudTables>({ dialect: new PGliteDialect({ pglite }) });
  const changes = createChangeFeed();
  await migrateDatabase(kysely);
  await pglite.listen("waystation_changes", changes.announce);
  return { kysely, changes, durability: "backup" };
}

/** An older database goes on from earlier positions: every station must fetch its shapes anew. */
async function renewShapes(kysely: Kysely<CloudTables>): Promise<void> {
  await sql`update shape_state set epoch = gen_random_uuid()`.execute(kysely);
}

async function connectPostgres(url: string): Promise<Result<Database>> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    types: { getTypeParser: parserFor as typeof pg.types.getTypeParser },
  });
  // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
  pool.on("error", () => undefined);
  const kysely = new Kysely<CloudTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrateDatabase(kysely);
    const changes = createChangeFeed();
    const listener = await listenForChanges(url, changes);
    const close = async (): Promise<void> => {
      await listener.stop();
      await kysely.destroy();
    };
    return succeed({ kysely, changes, durability: "commit", backups: null, restored: false, close });
  } catch (error) {
    await kysely.destroy();
    return fail("database.unreachable", {}, error);
  }
}

/** Counters fit a JavaScript number here; pg would give them as text, unlike the embedded database. */
function parserFor(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(oid, format === "binary" ? "text" : (format ?? "text")) as (
    value: string,
  ) => unknown;
}
