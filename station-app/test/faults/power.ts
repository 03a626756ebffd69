import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { Random } from "../durability/disk-model.ts";

const pageBytes = 4096;
const liveShare = 0.5;

export type WatchedDisk = ReturnType<typeof openWatchedDisk>;

/** A folder of which is known at any time what a power cut would surely leave, and whose syncs can be made to fail. */
export function openWatchedDisk(resources: AsyncDisposableStack) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "waystation-power-")));
  resources.defer(() => rmSync(home, { recursive: true, force: true }));
  const library = join(home, "keep-synced.so");
  compile(join(import.meta.dirname, "keep-synced.c"), library);
  const [folder, shadow, fail] = [join(home, "data"), join(home, "shadow"), join(home, "fail")];
  for (const path of [folder, shadow]) mkdirSync(path);
  let cuts = 0;
  return {
    folder,
    env: { LD_PRELOAD: library, SYNC_FOLDER: folder, SYNC_SHADOW: shadow, SYNC_FAIL: fail },
    /** What is there now was there before the machine was switched on. */
    settle: (): void => cpSync(folder, shadow, { recursive: true }),
    failSync: (number: number): void => writeFileSync(fail, String(number)),
    /** True: the sync that was to fail has failed. */
    hasFailed: (): boolean => !existsSync(fail),
    spare: (): void => rmSync(fail, { force: true }),
    /** A folder as the next start may find it; nobody may write meanwhile. */
    cut(random: Random): string {
      cuts += 1;
      const image = join(home, `cut-${cuts}`);
      makeImage(folder, shadow, image, random);
      return image;
    },
  };
}

function compile(source: string, library: string): void {
  const options = ["-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl", "-lpthread"];
  const { error, status, stderr } = spawnSync("gcc", options, { encoding: "utf8" });
  if (error !== undefined) throw new Error("These tests need gcc: sudo apt-get install gcc libc6-dev");
  if (status !== 0) throw new Error(`gcc could not build the library: ${stderr}`);
}

/** Page by page the synced or the newest content; a file that was never synced may be empty or gone. */
function makeImage(folder: string, shadow: string, image: string, random: Random): void {
  const names = new Set(
    [...listFiles(folder), ...listFiles(shadow)].map((name) => name.replace(/~(before|half|linked)$/, "")),
  );
  for (const name of listFolders(folder)) mkdirSync(join(image, name), { recursive: true });
  for (const name of names) {
    const content = survive(join(folder, name), join(shadow, name), random);
    if (content === null) continue;
    mkdirSync(dirname(join(image, name)), { recursive: true });
    writeFileSync(join(image, name), content);
  }
}

function survive(live: string, synced: string, random: Random): Buffer | null {
  const before = `${synced}~before`;
  // A rename that no sync of its folder has made certain.
  if (existsSync(before) && random() < liveShare) return readFileSync(before);
  const linked = read(`${synced}~linked`);
  if (linked !== null) return random() < liveShare ? linked : null;
  const [newest, sure] = [read(live), read(synced)];
  if (sure === null)
    return newest === null || random() >= liveShare ? null : tear(newest, Buffer.alloc(0), random);
  return newest === null ? null : tear(newest, sure, random);
}

/** Equal contents stay what they are. */
function tear(newest: Buffer, sure: Buffer, random: Random): Buffer {
  if (newest.equals(sure)) return sure;
  const size = random() < liveShare ? newest.length : sure.length;
  const torn = Buffer.alloc(size);
  for (let at = 0; at < size; at += pageBytes) {
    const from = random() < liveShare ? newest : sure;
    from.subarray(at, at + pageBytes).copy(torn, at);
  }
  return torn;
}

const read = (path: string): Buffer | null => (existsSync(path) ? readFileSync(path) : null);

function listEntries(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => ({
    name: relative(folder, join(entry.parentPath, entry.name)),
    isFolder: entry.isDirectory(),
  }));
}
const listFiles = (folder: string): string[] =>
  listEntries(folder).flatMap(({ name, isFolder }) => (isFolder ? [] : [name]));
const listFolders = (folder: string): string[] =>
  listEntries(folder).flatMap(({ name, isFolder }) => (isFolder ? [name] : []));
