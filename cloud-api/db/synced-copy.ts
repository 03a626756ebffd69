import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";

/** Size, time and inode of the files that are in one copy: what need not be copied again. */
export type CopyManifest = Map<string, string>;

const manifestSchema = z.record(z.string(), z.string());

/** A file written so shortly before it was looked at may change again without its time changing. */
const racyMs = 100;

/**
 * Makes `target` equal to `source`, copying only what changed since the manifest; returns what was written
 * and is not yet synced. Nobody may write to `source` meanwhile.
 */
export async function copyChangedFiles(
  source: string,
  target: string,
  manifest: CopyManifest,
): Promise<string[]> {
  const written: string[] = [];
  const seen = new Set<string>();
  await mkdir(target, { recursive: true });
  const present = await listTree(target);
  const presentFiles = new Set(present.flatMap(({ path, folder }) => (folder ? [] : path)));
  for (const entry of await listTree(source)) {
    seen.add(entry.path);
    const to = join(target, entry.path);
    if (entry.folder) {
      await mkdir(to, { recursive: true });
      continue;
    }
    const from = join(source, entry.path);
    const { size, mtimeMs, ino } = await stat(from);
    const mark = `${size}/${mtimeMs}/${ino}`;
    if (manifest.get(entry.path) === mark && presentFiles.has(entry.path)) continue;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    written.push(to);
    if (Date.now() - mtimeMs > racyMs) manifest.set(entry.path, mark);
    else manifest.delete(entry.path);
  }
  for (const entry of present) {
    if (seen.has(entry.path)) continue;
    await rm(join(target, entry.path), { recursive: true, force: true });
    manifest.delete(entry.path);
  }
  return written;
}

/** Of a copy that is whole and synced; empty where nobody wrote one down, or not all of it. */
export async function readManifest(path: string): Promise<CopyManifest> {
  try {
    return new Map(Object.entries(manifestSchema.parse(JSON.parse(await readFile(path, "utf8")))));
  } catch {
    return new Map();
  }
}

/** Must be called after the copy is synced: a power cut must not leave a list of what is not there. */
export async function writeManifest(path: string, manifest: CopyManifest): Promise<void> {
  await writeFile(path, JSON.stringify(Object.fromEntries(manifest)), { mode: 0o600 });
}

/** Must be called before the copy is changed. */
export async function forgetManifest(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncPath(dirname(path));
}

/** Contents first, then the folders that name them. */
export async function syncTree(folder: string, files?: readonly string[]): Promise<void> {
  const tree = await listTree(folder);
  const contents = files ?? tree.filter((entry) => !entry.folder).map((entry) => join(folder, entry.path));
  for (const path of contents) await syncPath(path);
  for (const entry of tree) if (entry.folder) await syncPath(join(folder, entry.path));
  await syncPath(folder);
}

export async function syncPath(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function listTree(folder: string): Promise<{ path: string; folder: boolean }[]> {
  const found: { path: string; folder: boolean }[] = [];
  const visit = async (inside: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
      const path = join(inside, entry.name);
      found.push({ path, folder: entry.isDirectory() });
      if (entry.isDirectory()) await visit(path);
    }
  };
  await visit("");
  return found;
}
