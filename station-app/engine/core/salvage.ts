import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { checkFacts } from "./salvage-check.ts";
import { buildSalvagedLog, type SalvagedLog } from "./salvage-log.ts";

export type SalvageSources = { readonly nowMs: () => number; readonly mintId: () => string };
export type SalvageHook = (point: SalvagePoint) => void;
/** Between these a process may die, and the next start goes on. */
export type SalvagePoint = "damage-marked" | "file-set-aside" | "log-built" | "log-in-place";

/** Beside facts.db: what is being saved, so that a start that dies within goes on at the next. */
const markSchema = z.object({ reason: z.string(), aside: z.string() });
/** Beside facts.db: that there is a log, so that an absent or empty file is not taken for a first start. */
const identitySchema = z.object({ stationId: z.string(), logId: z.string() });

const markPath = (path: string): string => `${path}.damage.json`;
const identityPath = (path: string): string => `${path}.identity.json`;

/**
 * Called before facts.db is opened for writing. A whole file is left alone; a damaged one is set aside under a name with
 * the time and never deleted, and a new one is made of every fact that can still be read.
 * @returns what was saved, log by log; null when nothing was wrong. Throws what a full or broken disk throws.
 */
export function salvageIfDamaged(
  path: string,
  stationId: string,
  sources: SalvageSources,
  hook: SalvageHook = () => {},
): readonly SalvagedLog[] | null {
  const known = readMark(path);
  if (known === null) {
    const health = checkFacts(path, stationId, existsSync(identityPath(path)));
    if (health.kind !== "damaged") return null;
    markDamaged(path, health.reason, sources.nowMs());
    hook("damage-marked");
  }
  const mark = known ?? readMark(path);
  if (mark === null) return null;
  const saved = salvage(path, stationId, mark, sources, hook);
  forgetMark(path);
  return saved;
}

/** Both files there: a start died after the new one took its place, and what the mark says is done. */
function readMark(path: string): z.infer<typeof markSchema> | null {
  const mark = readJson(markPath(path), markSchema);
  if (mark === null || !existsSync(path) || !existsSync(join(dirname(path), mark.aside))) return mark;
  forgetMark(path);
  return null;
}

function forgetMark(path: string): void {
  rmSync(markPath(path), { force: true });
  syncFolder(path);
}

/** Also by a running engine that met damage: it ends, and its next start salvages. The name is fixed here, once. */
export function markDamaged(path: string, reason: string, nowMs: number): void {
  if (existsSync(markPath(path))) return;
  const time = new Date(nowMs)
    .toISOString()
    .replace(/[-:]|\.\d+Z/g, "")
    .replace("T", "-");
  const name = (turn: number): string => `facts.damaged-${time}${turn === 0 ? "" : `-${turn}`}.db`;
  let turn = 0;
  while (existsSync(join(dirname(path), name(turn)))) turn += 1;
  writeDurably(markPath(path), JSON.stringify({ reason, aside: name(turn) }));
}

/** Written once a log exists. A full disk must not keep the engine from starting: the next start writes it. */
export function saveIdentity(path: string, identity: z.infer<typeof identitySchema>): void {
  const known = readJson(identityPath(path), identitySchema);
  if (known?.logId === identity.logId && known.stationId === identity.stationId) return;
  try {
    writeDurably(identityPath(path), JSON.stringify(identity));
  } catch {
    // without it only an absent or empty file passes for a first start
  }
}

/** Of the facts, as far as SQLite says: a broken disk is not a broken file, so errors of reading are not among these. */
export const isFactsDamage = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (String(error.code).startsWith("SQLITE_CORRUPT") || error.code === "SQLITE_NOTADB");

function salvage(
  path: string,
  stationId: string,
  mark: z.infer<typeof markSchema>,
  sources: SalvageSources,
  hook: SalvageHook,
): readonly SalvagedLog[] {
  const aside = join(dirname(path), mark.aside);
  setAside(path, aside);
  hook("file-set-aside");
  const into = `${path}.salvaging`;
  const saved = buildSalvagedLog({
    from: aside,
    into,
    stationId,
    newLogId: sources.mintId(),
    expectedLogId: readJson(identityPath(path), identitySchema)?.logId ?? null,
    file: mark.aside,
    reason: mark.reason,
  });
  hook("log-built");
  renameSync(into, path);
  syncFolder(path);
  hook("log-in-place");
  return saved;
}

/** Both parts move, each at most once; the shared memory of a file that nobody has open means nothing. */
function setAside(path: string, aside: string): void {
  for (const end of ["-wal", ""])
    if (existsSync(`${path}${end}`) && !existsSync(`${aside}${end}`))
      renameSync(`${path}${end}`, `${aside}${end}`);
  rmSync(`${path}-shm`, { force: true });
  syncFolder(path);
}

function writeDurably(path: string, text: string): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, text, { flush: true });
  renameSync(fresh, path);
  syncFolder(path);
}

/** A rename is on the disk when its folder is. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(dirname(path), "r");
  fsyncSync(fd);
  closeSync(fd);
}

function readJson<T>(path: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}
