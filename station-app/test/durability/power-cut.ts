import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openReadOnly } from "../../engine/core/open-database.ts";
import { openStore } from "../../engine/core/store.ts";
import { verifyFacts } from "../../engine/core/verify-log.ts";
import type { Build, CommitPlan } from "./commit-parcels.ts";
import { createDisk, createRandom, type Random } from "./disk-model.ts";
import { createRecorder, type DiskEntry } from "./recorder.ts";

export type Recording = {
  readonly entries: readonly DiskEntry[];
  /** Text of every fact, sequence 1 first, as the process left them. */
  readonly texts: readonly string[];
};

export type PowerCutSurvey = {
  readonly images: number;
  /** Images in which a fact is missing that had been acknowledged. */
  readonly imagesWithLoss: number;
  readonly worstLoss: number;
  /** Images that do not open, do not verify, or hold what was never written; the first few reasons. */
  readonly broken: readonly string[];
  readonly cutsBeforeFirstAck: number;
};

/** Plays parcels in a real process and returns what it asked of the disk. */
export function recordParcels(build: Build, parcels: number): Recording {
  const recorder = createRecorder();
  try {
    const plan: CommitPlan = { dir: recorder.folder, build, parcels };
    const child = spawnSync(
      process.execPath,
      [join(import.meta.dirname, "commit-parcels.ts"), JSON.stringify(plan)],
      { encoding: "utf8", env: { ...process.env, ...recorder.env } },
    );
    if (child.signal !== "SIGKILL") throw new Error(`the recorded process failed: ${child.stderr}`);
    return { entries: recorder.read(), texts: readTexts(join(recorder.folder, "facts.db")) };
  } finally {
    recorder.remove();
  }
}

/** Cuts the power at random moments of one recording and looks at what the next start finds. */
export function cutPower(recording: Recording, images: number, seed: number): PowerCutSurvey {
  const random = createRandom(seed);
  const { entries } = recording;
  const moments = chooseMoments(entries, images, random);
  const disk = createDisk();
  const broken: string[] = [];
  const losses: number[] = [];
  let applied = 0;
  let acked = 0;
  let cutsBeforeFirstAck = 0;
  for (const moment of moments) {
    for (const entry of entries.slice(applied, moment)) {
      if (entry.kind === "write" && entry.file === "acks") acked = Number(entry.data.toString("latin1"));
      else if (entry.file.startsWith("facts.db") && !entry.file.endsWith("-shm")) disk.apply(entry);
    }
    applied = moment;
    if (acked === 0) cutsBeforeFirstAck += 1;
    try {
      losses.push(Math.max(0, acked - surviveCut(disk.cut(random), recording.texts, random)));
    } catch (error) {
      broken.push(`cut at ${moment} of ${entries.length} (seed ${seed}): ${String(error)}`);
    }
  }
  const imagesWithLoss = losses.filter((loss) => loss > 0).length;
  return {
    images,
    imagesWithLoss,
    worstLoss: Math.max(0, ...losses),
    broken: broken.slice(0, 5),
    cutsBeforeFirstAck,
  };
}

/** Ascending; half of them anywhere, half around a commit, for a start or a checkpoint writes more than many commits. */
function chooseMoments(entries: readonly DiskEntry[], count: number, random: Random): number[] {
  const acks = entries.flatMap((entry, at) => (entry.file === "acks" ? [at + 1] : []));
  const anywhere = () => Math.floor(random() * (entries.length + 1));
  const aroundCommit = () => {
    const commit = Math.floor(random() * acks.length);
    const from = acks[commit - 1] ?? 0;
    return from + Math.floor(random() * ((acks[commit] ?? from) - from + 1));
  };
  const moments = Array.from({ length: count }, (_, turn) => (turn % 2 === 0 ? anywhere() : aroundCommit()));
  return moments.sort((one, other) => one - other);
}

/** Opens the image as the next start would, goes on with it, and returns how many of the known facts are there. */
function surviveCut(image: ReadonlyMap<string, Buffer>, texts: readonly string[], random: Random): number {
  const folder = mkdtempSync(join(tmpdir(), "waystation-cut-"));
  try {
    for (const [name, content] of image) writeFileSync(join(folder, name), content);
    const path = join(folder, "facts.db");
    const store = openStore(path, "station-1");
    const found = store.lastSequence();
    if (random() < 0.5) store.checkpoint();
    const actor = { kind: "engine" } as const;
    const payload = { appVersion: "test", wireVersion: 1 };
    store.commit([{ name: "station.booted.v1", lane: null, parcelId: null, actor, payload }]);
    store.close();
    requireWhole(path, found + 1);
    if (readTexts(path).some((text, at) => at < found && text !== texts[at]))
      throw new Error("a fact nobody wrote");
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Chain, texts and parcel tables, and SQLite's own opinion. */
function requireWhole(path: string, facts: number): void {
  const verified = verifyFacts(path);
  if (!verified.ok) throw new Error(`fact ${verified.sequence}: ${verified.reason}`);
  if (verified.facts !== facts) throw new Error(`${verified.facts} facts instead of ${facts}`);
  const db = new Database(path, { readonly: true });
  const check = db.pragma("quick_check", { simple: true });
  db.close();
  if (check !== "ok") throw new Error(`quick_check: ${String(check)}`);
}

export function readTexts(path: string): string[] {
  if (!existsSync(path)) return [];
  const db = openReadOnly(path);
  try {
    return db.prepare("SELECT text FROM facts ORDER BY sequence").pluck().all() as string[];
  } finally {
    db.close();
  }
}
