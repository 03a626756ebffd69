import { statfs } from "node:fs/promises";
import { migrations } from "../../db/migrate.ts";
import type { CloudDeps } from "../../http/cloud-env.ts";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { readSchemaName } from "./queries.ts";

/** What the cloud can say of itself beyond yes and no; for those who look after it. */
export type Readiness = {
  readonly schema: string;
  /** Free bytes where the embedded database lies; null: PostgreSQL has its own. */
  readonly diskFreeBytes: number | null;
  readonly backupAgeSeconds: number | null;
};

/** The embedded database may be inside a backup or a large transaction. */
const answerWithinMs = 5000;
/** Below this a backup or a batch of facts may no longer fit. */
const leastFreeBytes = 100_000_000;

/**
 * May requests be sent here? Fails with cloud.stopping, database.unreachable, database.newer or store.full.
 */
export async function checkReadiness(deps: CloudDeps): Promise<Result<Readiness>> {
  if (deps.stopping.aborted) return fail("cloud.stopping");
  let schema = "";
  try {
    schema = await answerSoon(readSchemaName(deps.database.kysely));
  } catch (error) {
    return fail("database.unreachable", {}, error);
  }
  const known = Object.keys(migrations).toSorted().at(-1) ?? "";
  if (schema > known) return fail("database.newer", { found: schema, known });
  const diskFreeBytes = await readFreeBytes(deps);
  if (diskFreeBytes !== null && diskFreeBytes < leastFreeBytes) return fail("store.full");
  return succeed({ schema, diskFreeBytes, backupAgeSeconds: backupAge(deps) });
}

export function backupAge({ lastBackupAtMs }: CloudDeps): number | null {
  const at = lastBackupAtMs();
  return at === null ? null : Math.max(0, Math.round((Date.now() - at) / 1000));
}

export async function readFreeBytes({ config, database }: CloudDeps): Promise<number | null> {
  if (database.durability === "commit") return null;
  try {
    const { bavail, bsize } = await statfs(config.dataDir);
    return bavail * bsize;
  } catch {
    // A database in memory has no folder.
    return null;
  }
}

async function answerSoon<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error("the database does not answer in time")),
    answerWithinMs,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
