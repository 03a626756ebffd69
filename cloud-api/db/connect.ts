import { constants, cpSync } from "node:fs";
import { access, mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type BulkTransaction, bulkOverEmbedded, bulkOverPool } from "./bulk.ts";
import {
  type BackupStore,
  hasRestoreNote,
  openBackupStore,
  removeRestoreNote,
  restoreBackup,
} from "./backup.ts";
import { type ChangeFeed, createChangeFeed } from "./change-feed.ts";
import { lockFolder } from "./folder-lock.ts";
import { listenForChanges } from "./listen.ts";
import { openSession } from "./embedded-session.ts";
import { explainTrouble } from "./explain-trouble.ts";
import { explainPostgres } from "./explain-postgres.ts";
import { openEmbedded } from "./open-embedded.ts";
import { prepareFolder } from "./prepare-folder.ts";
import { type PostgresLimits, preparePostgres, prepareSchema, workingLimits } from "./prepare-schema.ts";
import { renewEpochs } from "../sync/capture-schema.ts";
import { syncTree } from "./synced-copy.ts";
import type { CloudTables } from "./tables.ts";

export type DatabaseConfig =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string }
  /** For tests: nothing is kept, nothing is ever durable. `template`: a closed database's folder to begin with. */
  | { readonly kind: "temporary"; readonly template?: string };

export type Database = {
  readonly kysely: Kysely<CloudTables>;
  readonly bulk: BulkTransaction;
  readonly changes: ChangeFeed;
  /** `commit`: a committed row is durable. `backup`: only what a synced backup holds. */
  readonly durability: "commit" | "backup";
  /** Null where nothing is to be copied. */
  readonly backups: BackupStore | null;
  /** True when the last backup had to replace a database that a power cut left in doubt. */
  readonly restored: boolean;
  /** Connections to PostgreSQL by what they do; null where there is no pool. */
  readonly poolState: () => Readonly<Record<"busy" | "idle" | "waited for", number>> | null;
  readonly close: () => Promise<void>;
};

/**
 * Opens, migrates and watches the database. Fails with data.in-use, store.damaged, cloud.disk-full, database.newer,
 * database.unreachable or config.invalid.
 * @param onBreak an embedded database broke off later, or could not be opened again yet.
 */
export function connectDatabase(
  config: DatabaseConfig,
  onBreak: (error: unknown) => void = () => undefined,
): Promise<Result<Database>> {
  if (config.kind === "postgres") return connectPostgres(config.url);
  return config.kind === "temporary"
    ? connectTemporary(config.template)
    : connectFolder(config.path, onBreak);
}

/** A folder and not memory: an empty database to copy is kept there, and made anew it would take four times as long. */
async function connectTemporary(template?: string): Promise<Result<Database>> {
  const folder = await mkdtemp(join(tmpdir(), "waystation-database-"));
  const databaseFolder = join(folder, "database");
  const remove = () => rm(folder, { recursive: true, force: true });
  if (template !== undefined) cpSync(template, databaseFolder, { recursive: true });
  await prepareFolder(databaseFolder);
  const embedded = await startEmbedded(databaseFolder);
  if (!embedded.ok) {
    await remove();
    return embedded;
  }
  const close = async (): Promise<void> => {
    await embedded.value.close();
    await remove();
  };
  return succeed({ ...embedded.value, backups: null, restored: false, close });
}

async function connectFolder(path: string, onBreak: (error: unknown) => void): Promise<Result<Database>> {
  const databaseFolder = join(path, "database");
  const backupFolder = join(path, "backup");
  const usable = await makeFolder(path);
  if (!usable.ok) return usable;
  const lock = await lockFolder(join(path, "cloud.lock")).catch((error: unknown) =>
    explainTrouble(error)?.code === "cloud.disk-full"
      ? fail("cloud.disk-full", {}, error)
      : unusable(path, error),
  );
  if (!lock.ok) return lock;
  try {
    const fallenBack = lock.value.doubtful && (await restoreBackup(databaseFolder, backupFolder));
    await prepareFolder(databaseFolder);
    const embedded = await startEmbedded(databaseFolder, onBreak);
    if (!embedded.ok) {
      if (!lock.value.doubtful) await lock.value.release();
      return embedded;
    }
    // The note outlives a death before the positions are new.
    const restored = fallenBack || (await hasRestoreNote(path));
    if (restored) await renewEpochs(embedded.value.kysely);
    await removeRestoreNote(path);
    await lock.value.settle();
    const close = async (): Promise<void> => {
      await embedded.value.close();
      // Without this a power cut right after a clean stop could still tear the files.
      await syncTree(databaseFolder);
      await lock.value.release();
    };
    const backups = openBackupStore(databaseFolder, backupFolder);
    return succeed({ ...embedded.value, backups, restored, close });
  } catch (error) {
    // A doubt must not be forgotten with the lock: the next start then tries the backup again.
    if (!lock.value.doubtful) await lock.value.release();
    if (!(await hasRoom(path))) return fail("cloud.disk-full", {}, error);
    return fail("store.damaged", { reason: "the embedded database does not open" }, error);
  }
}

type Embedded = Pick<Database, "kysely" | "bulk" | "changes" | "durability" | "poolState" | "close">;

/** What it takes to recover and go on: a piece of the log, and some. */
const recoveryBytes = 20e6;

async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= recoveryBytes;
}

async function startEmbedded(
  folder: string,
  onBreak: (error: unknown) => void = () => undefined,
): Promise<Result<Embedded>> {
  const changes = createChangeFeed();
  const reopen = async (): Promise<PGlite> => {
    if (!(await hasRoom(folder))) throw new Error("there is no room to open the embedded database again");
    const pglite = await openEmbedded(folder);
    await pglite.exec(listen);
    return pglite;
  };
  const first = await openEmbedded(folder);
  const { pool, copy, close } = openSession(first, { announce: changes.announce, reopen, onBreak });
  const kysely = new Kysely<CloudTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    const prepared = await prepareSchema(kysely);
    if (!prepared.ok) {
      await close();
      return prepared;
    }
    await sql.raw(listen).execute(kysely);
  } catch (error) {
    // Whoever cannot start gives the folder back: nothing may open the database there again.
    await close();
    throw error;
  }
  return succeed({
    kysely,
    bulk: bulkOverEmbedded(kysely, copy),
    changes,
    durability: "backup",
    poolState: () => null,
    close,
  });
}

const listen = "listen waystation_changes";

async function connectPostgres(url: string): Promise<Result<Database>> {
  const prepared = await preparePostgres(
    (limits) => openPool(url, limits),
    (dialect) => new Kysely<CloudTables>({ dialect }),
    url,
  );
  if (!prepared.ok) return prepared;
  const pool = openPool(url, workingLimits);
  const kysely = new Kysely<CloudTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    const changes = createChangeFeed();
    const listener = await listenForChanges(url, changes);
    const close = async (): Promise<void> => {
      await listener.stop();
      await kysely.destroy();
    };
    const bulk = bulkOverPool(pool);
    const poolState = () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      "waited for": pool.waitingCount,
    });
    return succeed({
      kysely,
      bulk,
      changes,
      durability: "commit",
      backups: null,
      restored: false,
      poolState,
      close,
    });
  } catch (error) {
    await kysely.destroy();
    return explainPostgres(error, url);
  }
}

function openPool(url: string, limits: PostgresLimits): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    ...limits,
    application_name: "waystation-cloud",
    connectionTimeoutMillis: 10_000,
    types: { getTypeParser: parserFor as typeof pg.types.getTypeParser },
  });
  // A connection that breaks is replaced at the next query; unheard, the event would end the process. The pool tells of
  // idle ones only: one that is lent out says it itself, and whoever holds it hears of it by the query that fails.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Fails with config.invalid, which names the setting. */
async function makeFolder(path: string): Promise<Result<null>> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return succeed(null);
  } catch (error) {
    return unusable(path, error);
  }
}

function unusable(path: string, error: unknown): Result<never> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  const reason = `WAYSTATION_CLOUD_DATA_DIR: ${path} cannot be used (${code}): name a folder that this user may write to`;
  return fail("config.invalid", { reason }, error);
}

/** Counters fit a JavaScript number here; pg would give them as text, unlike the embedded database. */
function parserFor(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(oid, format === "binary" ? "text" : (format ?? "text")) as (
    value: string,
  ) => unknown;
}
