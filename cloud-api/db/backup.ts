import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  copyChangedFiles,
  forgetManifest,
  readManifest,
  syncPath,
  syncTree,
  writeManifest,
} from "./synced-copy.ts";

const markerSchema = z.object({ slot: z.enum(["a", "b"]), takenAt: z.string() });
type Slot = z.infer<typeof markerSchema>["slot"];

/**
 * Two copies of the database folder, written in turn; `backup.json` names the last whole one and is replaced
 * only after every byte of that copy is synced. So a power cut at any moment leaves one restorable copy.
 */
export type BackupStore = {
  /** `whileQuiet` runs its task while nobody else uses the database, after a checkpoint. */
  readonly take: (whileQuiet: <T>(task: () => Promise<T>) => Promise<T>) => Promise<void>;
};

export function openBackupStore(databaseFolder: string, backupFolder: string): BackupStore {
  const manifestOf = (slot: Slot): string => join(backupFolder, `${slot}.files.json`);

  const take: BackupStore["take"] = async (whileQuiet) => {
    await mkdir(backupFolder, { recursive: true });
    const slot: Slot = (await readMarker(backupFolder))?.slot === "a" ? "b" : "a";
    const target = join(backupFolder, slot);
    const manifest = await readManifest(manifestOf(slot));
    // From now on until it is whole again the copy is what no list says.
    await forgetManifest(manifestOf(slot));
    // Only the copy into the page cache needs quiet; syncing it takes longer and disturbs nobody.
    const written = await whileQuiet(() => copyChangedFiles(databaseFolder, target, manifest));
    await syncTree(target, written);
    await writeMarker(backupFolder, { slot, takenAt: new Date().toISOString() });
    // Without the list the next copy into this folder is of everything.
    await writeManifest(manifestOf(slot), manifest).catch(() => undefined);
  };
  return { take };
}

/** Puts the last whole backup in place of the database; false when there is none. */
export async function restoreBackup(databaseFolder: string, backupFolder: string): Promise<boolean> {
  const marker = await readMarker(backupFolder);
  if (marker === null) return false;
  const fresh = `${databaseFolder}.restoring`;
  await rm(fresh, { recursive: true, force: true });
  await copyChangedFiles(join(backupFolder, marker.slot), fresh, new Map());
  await syncTree(fresh);
  // What is replaced is kept for an investigation, never deleted.
  await rename(databaseFolder, `${databaseFolder}.suspect-${Date.now()}`).catch(() => undefined);
  await rename(fresh, databaseFolder);
  return true;
}

export type BackupMarker = z.infer<typeof markerSchema>;

/** Which of the two copies is whole, and since when; null: none yet. */
export async function readMarker(backupFolder: string): Promise<BackupMarker | null> {
  try {
    return markerSchema.parse(JSON.parse(await readFile(join(backupFolder, "backup.json"), "utf8")));
  } catch {
    return null;
  }
}

/** Names the whole copy, after every byte of it is synced. */
export async function writeMarker(backupFolder: string, marker: BackupMarker): Promise<void> {
  const path = join(backupFolder, "backup.json");
  const file = await open(`${path}.next`, "w", 0o600);
  await file.writeFile(JSON.stringify(marker));
  await file.sync();
  await file.close();
  await rename(`${path}.next`, path);
  await syncPath(backupFolder);
}

/** Lies in the data folder from a restore until the next start has dealt with it. */
const restoreNote = (dataFolder: string): string => join(dataFolder, "restored.json");

export const hasRestoreNote = (dataFolder: string): Promise<boolean> =>
  stat(restoreNote(dataFolder)).then(
    () => true,
    () => false,
  );
export const removeRestoreNote = (dataFolder: string): Promise<void> =>
  rm(restoreNote(dataFolder), { force: true });
export async function writeRestoreNote(dataFolder: string): Promise<void> {
  await writeFile(restoreNote(dataFolder), JSON.stringify({ at: new Date().toISOString() }), { mode: 0o600 });
  await syncPath(restoreNote(dataFolder));
  await syncPath(dataFolder);
}
