import { readFileSync } from "node:fs";
import { link, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { syncPath } from "./synced-copy.ts";

export type FolderLock = {
  /** The machine restarted while the folder was in use: writes that were not synced may be gone or torn. */
  readonly doubtful: boolean;
  /** The doubt is dealt with. Until then it outlives this process, too. */
  readonly settle: () => Promise<void>;
  readonly release: () => Promise<void>;
};

const ownerSchema = z.object({ pid: z.int(), started: z.string(), boot: z.string(), doubtful: z.boolean() });
type Owner = z.infer<typeof ownerSchema>;

/**
 * The embedded database does not lock its folder, and a second process on it loses rows silently, so the
 * cloud takes a lock of its own. A lock of a dead process, or of an earlier boot, is taken over.
 */
export async function lockFolder(path: string): Promise<Result<FolderLock>> {
  const owner: Owner = {
    pid: process.pid,
    started: processStart(process.pid),
    boot: bootIdentity(),
    doubtful: await wasDoubtLeft(path),
  };
  if (await createExclusively(path, JSON.stringify(owner))) return succeed(makeLock(path, owner));

  const found = await readFile(path, "utf8").catch(() => "");
  const former = parseOwner(found);
  if (former !== null && isAlive(former)) return fail("data.in-use", { path, pid: former.pid });
  const heir: Owner = { ...owner, doubtful: owner.doubtful || isDoubtful(former) };
  if (!(await takeOver(path, found, JSON.stringify(heir))))
    return fail("data.in-use", { path, pid: former?.pid ?? 0 });
  return succeed(makeLock(path, heir));
}

function makeLock(path: string, owner: Owner): FolderLock {
  return {
    doubtful: owner.doubtful,
    settle: async () => {
      if (owner.doubtful) {
        const settled = `${path}.settled`;
        await writeSynced(settled, JSON.stringify({ ...owner, doubtful: false }));
        await rename(settled, path);
      }
      for (const aside of await listAsides(path)) await rm(aside, { force: true });
    },
    release: () => rm(path, { force: true }),
  };
}

/** With all of its text or not at all: an empty lock would put the whole database in doubt. */
async function createExclusively(path: string, text: string): Promise<boolean> {
  const draft = `${path}.new-${process.pid}`;
  try {
    await writeSynced(draft, text);
    await link(draft, path);
    await syncPath(dirname(path));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Two starters may see the same stale lock: only the one that moves exactly that text away goes on. Where there is no
 * room for its own, the former's lies there again.
 */
async function takeOver(path: string, expected: string, text: string): Promise<boolean> {
  const aside = `${asideOf(path)}${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return false;
  }
  const putBack = (): Promise<void> => rename(aside, path);
  if ((await readFile(aside, "utf8").catch(() => "")) !== expected) {
    await putBack();
    return false;
  }
  const isOurs = await createExclusively(path, text).catch(async (error: unknown) => {
    await putBack();
    throw error;
  });
  await rm(aside, { force: true });
  return isOurs;
}

/** Whoever dies while taking over leaves the former's lock aside, and with it the doubt. */
async function wasDoubtLeft(path: string): Promise<boolean> {
  for (const aside of await listAsides(path)) {
    const text = await readFile(aside, "utf8").catch(() => null);
    if (text !== null && isDoubtful(parseOwner(text))) return true;
  }
  return false;
}

const asideOf = (path: string): string => `${path}.stale-`;

async function listAsides(path: string): Promise<string[]> {
  const paths = (await readdir(dirname(path))).map((name) => join(dirname(path), name));
  return paths.filter((found) => found.startsWith(asideOf(path)));
}

function parseOwner(text: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** An unreadable lock was torn by a power cut: it is synced before anything else happens in the folder. */
const isDoubtful = (former: Owner | null): boolean =>
  former === null || former.doubtful || former.boot !== bootIdentity();

function isAlive(owner: Owner): boolean {
  if (owner.boot !== bootIdentity()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return processStart(owner.pid) === owner.started;
}

/** Tells a process from a later one with the same number; empty where the system does not say. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // proc(5): the name in brackets may hold anything, so fields are counted after the last bracket; 22 is the start.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function bootIdentity(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Elsewhere the minute of the start, in steps of ten so that a small clock correction does not matter.
    return `boot-${Math.round((Date.now() / 1000 - uptime()) / 600)}`;
  }
}
