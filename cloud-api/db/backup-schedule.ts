import { sql } from "kysely";
import type { BackupStore } from "./backup.ts";
import type { Database } from "./connect.ts";

export type BackupSchedule = {
  /** Something worth keeping was written: the next backup comes at once, after one that runs. */
  readonly request: () => void;
  /** Takes one now and says when it was whole; null where the database needs none. Throws what went wrong. */
  readonly takeNow: () => Promise<number | null>;
  /** When the last one was whole, in epoch milliseconds. */
  readonly lastAtMs: () => number | null;
  /** Takes the last backup. */
  readonly stop: () => Promise<void>;
};

/** A backup disturbs writers while it copies, so it takes at most a tenth of the time. */
const shareOfTime = 10;

/**
 * Embedded database: copies it to synced storage when there is something new, and then raises
 * `durable_through` to what had been received before the copy began. PostgreSQL needs none of it.
 */
export function scheduleBackups(
  database: Database,
  intervalMs: number,
  onFailure: (error: unknown) => void,
): BackupSchedule {
  const { backups } = database;
  if (backups === null)
    return {
      request: () => undefined,
      takeNow: async () => null,
      lastAtMs: () => null,
      stop: async () => undefined,
    };
  let position = "";
  let lastAtMs: number | null = null;
  let failed: unknown = null;
  let lastTookMs = 0;
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const run = async (): Promise<void> => {
    const began = performance.now();
    try {
      if ((await readWalPosition(database)) !== position) position = await backupDatabase(database, backups);
      lastAtMs = Date.now();
    } catch (error) {
      failed = error;
      onFailure(error);
    }
    lastTookMs = performance.now() - began;
  };
  const runAlone = (): Promise<void> => {
    running ??= run().finally(() => {
      running = null;
      plan(Math.max(intervalMs, lastTookMs * shareOfTime));
    });
    return running;
  };
  const plan = (delayMs: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void runAlone(), delayMs);
  };

  plan(intervalMs);
  return {
    request: () => plan(lastTookMs * shareOfTime),
    takeNow: async () => {
      // One that runs may have begun before what the caller wants kept.
      await running;
      failed = null;
      await runAlone();
      if (failed !== null) throw new Error("the backup failed", { cause: failed });
      return lastAtMs;
    },
    lastAtMs: () => lastAtMs,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
      await run();
    },
  };
}

type Head = { readonly station_id: string; readonly log_id: string; readonly received_through: number };

/**
 * Takes one backup and returns the position up to which everything is in it: read while nobody could write. Read any
 * later it would count what came during the copy as copied, and a stop would leave that out of its last backup.
 */
async function backupDatabase(database: Database, backups: BackupStore): Promise<string> {
  let heads: Head[] = [];
  let position = "";
  await backups.take((task) =>
    // The one connection of the embedded database is ours until the copy is made: nobody writes.
    database.kysely.connection().execute(async (connection) => {
      await sql`checkpoint`.execute(connection);
      heads = await connection
        .selectFrom("acknowledgements")
        .select(["station_id", "log_id", "received_through"])
        .whereRef("received_through", ">", "durable_through")
        .execute();
      position = await readWalPosition({ kysely: connection });
      return task();
    }),
  );
  if (heads.length > 0) {
    await sql`update acknowledgements a set durable_through = greatest(a.durable_through, r.received_through)
      from jsonb_to_recordset(${JSON.stringify(heads)}::jsonb) as r(station_id text, log_id text, received_through bigint)
      where a.station_id = r.station_id and a.log_id = r.log_id`.execute(database.kysely);
  }
  return position;
}

async function readWalPosition({ kysely }: Pick<Database, "kysely">): Promise<string> {
  const { rows } = await sql<{
    position: string;
  }>`select pg_current_wal_insert_lsn()::text as position`.execute(kysely);
  return rows[0]?.position ?? "";
}
