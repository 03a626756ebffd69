import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * The first set-up of the embedded database takes seconds and needs about 600 MB for a moment, and memory once taken
 * by WASM is never given back, so a child process does it. An empty database is kept beside the libraries: from then
 * on a first start copies it (0.1 s instead of 4). The folder appears under its name only when it is whole.
 */
export async function prepareFolder(folder: string): Promise<void> {
  if (existsSync(join(folder, "PG_VERSION"))) return;
  await removeUnfinished(folder);
  const unfinished = `${folder}.unfinished-${process.pid}`;
  if (!(await copyPristine(unfinished))) {
    // The child ends when its standard input does, that is, also when this process is killed.
    await promisify(execFile)(process.execPath, [childPath, unfinished], { timeout: 300_000, env: {} });
    await keepPristine(unfinished);
  }
  await rename(unfinished, folder);
}

async function copyPristine(target: string): Promise<boolean> {
  const pristine = pristineFolder();
  if (pristine === null || !existsSync(join(pristine, "PG_VERSION"))) return false;
  try {
    await cp(pristine, target, { recursive: true });
    return true;
  } catch {
    // Removed meanwhile, or not readable by this user: the long way always works.
    await rm(target, { recursive: true, force: true });
    return false;
  }
}

/** Only a convenience: a checkout that may not be written to goes without. */
async function keepPristine(prepared: string): Promise<void> {
  const pristine = pristineFolder();
  if (pristine === null || existsSync(pristine)) return;
  const unfinished = `${pristine}.${process.pid}`;
  try {
    await mkdir(dirname(pristine), { recursive: true });
    await cp(prepared, unfinished, { recursive: true });
    await rename(unfinished, pristine);
  } catch {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Named after the library's version and our settings: another one of either begins anew. Null in a bundle. */
function pristineFolder(): string | null {
  try {
    const library = readFileSync(join(libraries, "@electric-sql/pglite/package.json"), "utf8");
    const { version } = JSON.parse(library) as { version: string };
    const settings = createHash("sha256").update(readFileSync(settingsPath)).digest("hex").slice(0, 12);
    return join(libraries, ".cache/waystation", `database-${version}-${settings}`);
  } catch {
    return null;
  }
}

async function removeUnfinished(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.unfinished-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

const libraries = fileURLToPath(new URL("../../node_modules", import.meta.url));
const settingsPath = fileURLToPath(new URL("./open-embedded.ts", import.meta.url));
const childPath = fileURLToPath(new URL("./prepare-folder-child.ts", import.meta.url));
