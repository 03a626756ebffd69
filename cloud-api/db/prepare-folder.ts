import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * The first set-up of the embedded database needs about 600 MB for a moment and memory once taken by WASM is
 * never given back, so a child process does it. The folder appears under its name only when it is whole.
 */
export async function prepareFolder(folder: string): Promise<void> {
  if (existsSync(join(folder, "PG_VERSION"))) return;
  await removeUnfinished(folder);
  const unfinished = `${folder}.unfinished-${process.pid}`;
  // The child ends when its standard input does, that is, also when this process is killed.
  await promisify(execFile)(process.execPath, [childPath, unfinished], { timeout: 300_000, env: {} });
  await rename(unfinished, folder);
}

async function removeUnfinished(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.unfinished-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

const childPath = fileURLToPath(new URL("./prepare-folder-child.ts", import.meta.url));
