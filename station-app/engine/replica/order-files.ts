import { existsSync, readdirSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Names of the replica's files beside `basePath` (".../orders.db"). The first file has that name; each swap brings
 * `orders-<n>.db`, and the highest number is the one in use. `orders.next.db` is a build under way and
 * `orders.copy.db` its beginning. A file gets its number by a rename when it is whole and synced, never before:
 * so no marker has to be believed, and a file's -wal never meets another file.
 */
export type OrderFile = { readonly path: string; readonly number: number };

export function listOrderFiles(basePath: string): OrderFile[] {
  const folder = dirname(basePath);
  const pattern = numberedName(basePath);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const number = pattern.exec(name)?.[1];
      if (name === basename(basePath)) return [{ path: basePath, number: 0 }];
      return number === undefined ? [] : [{ path: join(folder, name), number: Number(number) }];
    })
    .sort((a, b) => b.number - a.number);
}

/** The file in use, for whoever looks from outside; `basePath` while there is none. */
export const locateOrders = (basePath: string): string => listOrderFiles(basePath)[0]?.path ?? basePath;

export const orderFilePath = (basePath: string, number: number): string =>
  number === 0 ? basePath : `${stemOf(basePath)}-${number}.db`;
export const buildPath = (basePath: string): string => `${stemOf(basePath)}.next.db`;
export const copyPath = (basePath: string): string => `${stemOf(basePath)}.copy.db`;

const stemOf = (basePath: string): string => basePath.replace(/\.db$/, "");
const numberedName = (basePath: string): RegExp =>
  new RegExp(`^${basename(stemOf(basePath)).replaceAll(/[^\w-]/g, "\\$&")}-([1-9]\\d{0,8})\\.db$`);

/** With what SQLite keeps beside it, and that first: a database without its -wal is older, a -wal alone is poison. */
export function removeOrderFile(path: string): void {
  for (const suffix of ["-wal", "-shm", "-journal", ""]) removeQuietly(`${path}${suffix}`);
}

/** On Windows a file that somebody still reads stays; the next start removes it. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

/** Gives a closed database its name for good, synced before and after; the wait happens off this thread. */
export async function renameSynced(from: string, to: string): Promise<void> {
  if (existsSync(`${from}-wal`)) throw new Error("a database with changes beside it cannot be renamed");
  await syncPath(from, "r+");
  await rename(from, to);
  if (process.platform !== "win32") await syncPath(dirname(to), "r");
}

async function syncPath(path: string, flags: string): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
