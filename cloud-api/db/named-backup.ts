import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { readMarker, writeMarker, writeRestoreNote } from "./backup.ts";
import { lockFolder } from "./folder-lock.ts";
import { copyChangedFiles, syncPath, syncTree } from "./synced-copy.ts";

/** Beside the copied `database` folder; written last, so a folder without it is half a backup. */
const infoSchema = z.object({
  kind: z.literal("waystation-cloud-backup"),
  version: z.literal(1),
  takenAt: z.string(),
  bytes: z.number(),
});
const infoName = "waystation-backup.json";

export type NamedBackup = { readonly path: string; readonly takenAt: string; readonly bytes: number };

/**
 * Copies the embedded database of a cloud into a new folder below `to`: of a running cloud its last whole backup, of
 * a stopped one the database itself. Fails with backup.invalid.
 */
export async function copyBackup(dataDir: string, to: string): Promise<Result<NamedBackup>> {
  if (!existsSync(join(dataDir, "database")))
    return fail("backup.invalid", { path: dataDir, reason: "there is no embedded database in it" });
  const lock = await lockFolder(join(dataDir, "cloud.lock"));
  if (!lock.ok) return copyWhileRunning(dataDir, to);
  // After a power cut the live folder may be torn; the lock keeps the doubt for the next start.
  if (lock.value.doubtful) return copyWhileRunning(dataDir, to);
  try {
    return await writeBackup(join(dataDir, "database"), to, new Date().toISOString());
  } finally {
    await lock.value.release();
  }
}

const attempts = 5;

/** The named copy stays untouched until two later ones are whole: a marker that still names it vouches for what was read. */
async function copyWhileRunning(dataDir: string, to: string): Promise<Result<NamedBackup>> {
  const folder = join(dataDir, "backup");
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const marker = await readMarker(folder);
    if (marker === null) return fail("backup.invalid", { path: folder, reason: "no backup was taken yet" });
    const copied = await writeBackup(join(folder, marker.slot), to, marker.takenAt);
    const now = await readMarker(folder);
    if (now?.takenAt === marker.takenAt || !copied.ok) return copied;
    await rm(copied.value.path, { recursive: true, force: true });
  }
  return fail("backup.invalid", {
    path: folder,
    reason: "new backups were taken faster than one could be copied",
  });
}

async function writeBackup(from: string, to: string, takenAt: string): Promise<Result<NamedBackup>> {
  const path = join(resolve(to), `cloud-${takenAt.replaceAll(/[:.]/g, "-")}`);
  if (existsSync(path)) return fail("backup.invalid", { path, reason: "it exists already" });
  const unfinished = `${path}.unfinished`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    await copyChangedFiles(from, join(unfinished, "database"), new Map());
    const bytes = await sizeOf(unfinished);
    const info = { kind: "waystation-cloud-backup", version: 1, takenAt, bytes } as const;
    await writeFile(join(unfinished, infoName), `${JSON.stringify(info)}\n`);
    await syncTree(unfinished);
    await rename(unfinished, path);
    await syncPath(dirname(path));
    return succeed({ path, takenAt, bytes });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    return fail("backup.invalid", { path, reason: "it cannot be written" }, error);
  }
}

/**
 * Puts a backup in place of a stopped cloud's database. What was there, and its automatic backups, are kept beside it
 * under `*.replaced-<time>`. At the next start every shape begins anew and stations are asked for what is missing.
 * Fails with backup.invalid or data.in-use.
 */
export async function restoreNamedBackup(
  from: string,
  dataDir: string,
): Promise<Result<{ readonly takenAt: string; readonly kept: readonly string[] }>> {
  const source = await findSource(from);
  if (!source.ok) return source;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(join(dataDir, "cloud.lock"));
  if (!lock.ok) return lock;
  try {
    const fresh = join(dataDir, "database.restoring");
    const slot = join(dataDir, "backup.restoring");
    for (const path of [fresh, slot]) await rm(path, { recursive: true, force: true });
    await copyChangedFiles(source.value.database, fresh, new Map());
    // The automatic backups must not bring back, after a power cut, what was replaced on purpose.
    await copyChangedFiles(source.value.database, join(slot, "a"), new Map());
    await writeMarker(slot, { slot: "a", takenAt: source.value.takenAt });
    await Promise.all([syncTree(fresh), syncTree(slot)]);
    await writeRestoreNote(dataDir);
    const stamp = Date.now();
    const kept = await swap(
      dataDir,
      [
        ["backup", "backup.restoring"],
        ["database", "database.restoring"],
      ],
      stamp,
    );
    await lock.value.release();
    return succeed({ takenAt: source.value.takenAt, kept });
  } catch (error) {
    // A doubt about the live folder must not be forgotten with the lock.
    if (!lock.value.doubtful) await lock.value.release();
    return fail("backup.invalid", { path: from, reason: "it could not be put in place" }, error);
  }
}

async function swap(
  dataDir: string,
  pairs: readonly (readonly [string, string])[],
  stamp: number,
): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const [name, fresh] of pairs) {
    const path = join(dataDir, name);
    if (existsSync(path)) {
      await rename(path, `${path}.replaced-${stamp}`);
      kept.push(`${path}.replaced-${stamp}`);
    }
    await rename(join(dataDir, fresh), path);
    await syncPath(dataDir);
  }
  return kept;
}

/** A folder made by `copyBackup`, or the `backup` folder of a data folder. */
async function findSource(from: string): Promise<Result<{ database: string; takenAt: string }>> {
  const invalid = (reason: string) => fail("backup.invalid", { path: from, reason });
  const marker = await readMarker(from);
  const info = await readInfo(from);
  const found =
    info !== null
      ? { database: join(from, "database"), takenAt: info.takenAt }
      : marker !== null
        ? { database: join(from, marker.slot), takenAt: marker.takenAt }
        : null;
  if (found === null) {
    const [newest, ...others] = (await listNamed(from)).toSorted(byAge);
    if (newest === undefined) return invalid(`there is neither ${infoName} nor backup.json in it`);
    return invalid(`it holds ${others.length + 1} of them: name one, the newest is ${newest.path}`);
  }
  return existsSync(join(found.database, "PG_VERSION")) ? succeed(found) : invalid("it holds no database");
}

/** The automatic backup of a data folder and the named ones in `folder`, newest first. */
export async function listBackups(
  dataDir: string,
  folder: string | null,
): Promise<readonly (NamedBackup & { readonly automatic: boolean })[]> {
  const automatic = join(dataDir, "backup");
  const marker = await readMarker(automatic);
  const found = [];
  if (marker !== null)
    found.push({
      path: automatic,
      takenAt: marker.takenAt,
      bytes: await sizeOf(join(automatic, marker.slot)),
      automatic: true,
    });
  const named = folder === null ? [] : await listNamed(folder);
  return [...found, ...named.map((backup) => ({ ...backup, automatic: false }))].toSorted(byAge);
}

/** Newest first. */
const byAge = (one: NamedBackup, other: NamedBackup): number => other.takenAt.localeCompare(one.takenAt);

/** The folders in it that are whole backups. */
async function listNamed(folder: string): Promise<readonly NamedBackup[]> {
  const found: NamedBackup[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, basename(name));
    const info = await readInfo(path);
    if (info !== null) found.push({ path, takenAt: info.takenAt, bytes: info.bytes });
  }
  return found;
}

async function readInfo(folder: string): Promise<z.infer<typeof infoSchema> | null> {
  try {
    return infoSchema.parse(JSON.parse(await readFile(join(folder, infoName), "utf8")));
  } catch {
    return null;
  }
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
