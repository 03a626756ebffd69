import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Size and time of the files of one copy: what need not be copied again. */
export type CopyManifest = Map<string, string>;

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
  for (const entry of await listTree(source)) {
    seen.add(entry.path);
    const to = join(target, entry.path);
    if (entry.folder) {
      await mkdir(to, { recursive: true });
      continue;
    }
    const from = join(source, entry.path);
    const { size, mtimeMs } = await stat(from);
    const mark = `${size}/${mtimeMs}`;
    if (manifest.get(entry.path) === mark) continue;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    written.push(to);
    if (Date.now() - mtimeMs > racyMs) manifest.set(entry.path, mark);
    else manifest.delete(entry.path);
  }
  for (const entry of await listTree(target)) {
    if (seen.has(entry.path)) continue;
    await rm(join(target, entry.path), { recursive: true, force: true });
    manifest.delete(entry.path);
  }
  return written;
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
