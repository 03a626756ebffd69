import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** One thing a process asked of the disk; `file` is the name within the recorded folder. */
export type DiskEntry =
  | { readonly kind: "write"; readonly file: string; readonly offset: number; readonly data: Buffer }
  | { readonly kind: "truncate"; readonly file: string; readonly size: number }
  | { readonly kind: "unlink" | "sync"; readonly file: string };

const entryHeadBytes = 24;
const kinds = ["write", "truncate", "unlink", "sync"] as const;

/** A folder whose writes are recorded, for as many processes as are started with `env`. */
export function createRecorder() {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "waystation-record-")));
  const library = join(home, "record-writes.so");
  const folder = mkdtempSync(join(home, "data-"));
  const log = join(home, "record");
  const fullFlag = join(home, "full");
  const brokenFlag = join(home, "broken");
  compile(join(import.meta.dirname, "record-writes.c"), library);
  return {
    folder,
    env: {
      LD_PRELOAD: library,
      RECORD_FOLDER: folder,
      RECORD_LOG: log,
      RECORD_FULL: fullFlag,
      RECORD_BROKEN: brokenFlag,
    },
    /** While a file of this name exists, nothing in the folder can be written. */
    fullFlag,
    /** While a file of this name exists, every sync fails. */
    brokenFlag,
    read: () => parseRecord(readFileSync(log), folder),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

function compile(source: string, library: string): void {
  const { error, status, stderr } = spawnSync(
    "gcc",
    ["-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl", "-lpthread"],
    { encoding: "utf8" },
  );
  if (error !== undefined)
    throw new Error("The durability tests need gcc: sudo apt-get install gcc libc6-dev");
  if (status !== 0) throw new Error(`gcc could not build the write recorder: ${stderr}`);
}

/** Entries of files directly in the folder, in the order of the calls; a last one that is cut short is left out. */
function parseRecord(record: Buffer, folder: string): DiskEntry[] {
  const entries: DiskEntry[] = [];
  for (let at = 0; at + entryHeadBytes <= record.length; ) {
    const kind = kinds[record.readUInt32LE(at) - 1];
    const pathEnd = at + entryHeadBytes + record.readUInt32LE(at + 4);
    const offset = Number(record.readBigUInt64LE(at + 8));
    const end = pathEnd + Number(record.readBigUInt64LE(at + 16));
    if (kind === undefined || end > record.length) break;
    const path = record.toString("utf8", at + entryHeadBytes, pathEnd);
    if (dirname(path) === folder)
      entries.push(toEntry(kind, basename(path), offset, record.subarray(pathEnd, end)));
    at = end;
  }
  return entries;
}

function toEntry(kind: (typeof kinds)[number], file: string, offset: number, data: Buffer): DiskEntry {
  if (kind === "write") return { kind, file, offset, data };
  return kind === "truncate" ? { kind, file, size: offset } : { kind, file };
}

export const countSyncs = (entries: readonly DiskEntry[], file: string): number =>
  entries.filter((entry) => entry.kind === "sync" && entry.file === file).length;
