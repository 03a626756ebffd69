import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRandom } from "../../test/simulation/random.ts";
import { fill, overwrite, parcelFacts, sources, sqlDamage, stationId } from "./filled-log.test-support.ts";
import { hashText } from "./fact-text.ts";
import { findFacts } from "./salvage-pages.ts";
import { type SalvagePoint, salvageIfDamaged, saveIdentity } from "./salvage.ts";
import { openStore } from "./store.ts";
import { verifyFacts } from "./verify-log.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "waystation-salvage-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const path = () => join(dir, "facts.db");

type Fact = { readonly sequence: number; readonly text: string; readonly hash: string };
function readFacts(file: string, table = "facts", key = "sequence"): Fact[] {
  const db = new Database(file, { readonly: true });
  try {
    return db
      .prepare(`SELECT ${key} AS sequence, text, lower(hex(hash)) AS hash FROM ${table} ORDER BY ${key}`)
      .all() as Fact[];
  } finally {
    db.close();
  }
}

const salvage = (hook?: (point: SalvagePoint) => void) => salvageIfDamaged(path(), stationId, sources, hook);
const asideFiles = () => readdirSync(dir).filter((name) => /^facts\.damaged-[\d-]+\.db$/.test(name));

test("a whole file is left alone, with its write-ahead log or without", () => {
  fill(path(), 120);
  expect(salvage()).toBeNull();
  openStore(path(), stationId, sources).close();
  expect(salvage()).toBeNull();
  expect(asideFiles()).toEqual([]);
});

test("reading the bytes finds exactly what SQL finds, texts over several pages and the write-ahead log included", () => {
  fill(path(), 200, 70);
  const found = new Map([...findFacts(path(), stationId)].map((fact) => [fact.sequence, fact.text]));
  const stored = readFacts(path());
  expect(stored.length).toBe(800);
  expect(found.size).toBe(stored.length);
  for (const { sequence, text } of stored) expect(found.get(sequence)).toBe(text);
});

/** Is every byte of the fact still somewhere? Judged without the salvage: the text and its hash side by side. */
function isIntact(files: readonly Buffer[], fact: Fact): boolean {
  const whole = Buffer.concat([Buffer.from(fact.text), Buffer.from(fact.hash, "hex")]);
  return files.some((bytes) => bytes.includes(whole));
}

test("of files with bytes and pages overwritten at random every fact whose bytes are whole is saved, and none invented", () => {
  fill(path(), 150, 60);
  const original = readFacts(path());
  const pristine = ["", "-wal"].map((end) => readFileSync(`${path()}${end}`));
  const random = createRandom(20_261_122);
  let salvages = 0;
  for (let round = 0; round < 40; round += 1) {
    for (const name of readdirSync(dir)) rmSync(join(dir, name));
    saveIdentity(path(), { stationId, logId: "log-1" });
    const damaged = pristine.map((bytes) => Buffer.from(bytes));
    for (const bytes of damaged) spoil(bytes, (limit) => random.between(0, limit - 1));
    for (const [at, end] of ["", "-wal"].entries()) writeFileSync(`${path()}${end}`, damaged[at] ?? "");
    if (salvage() === null) continue;
    salvages += 1;
    const saved = new Map(readFacts(path(), "salvaged", "number").map((fact) => [fact.hash, fact]));
    const known = new Set(original.map(({ hash }) => hash));
    for (const [hash, { text }] of saved) {
      expect(known.has(hash)).toBe(true);
      expect(hashText(text)).toBe(hash);
    }
    for (const fact of original)
      if (isIntact(damaged, fact))
        expect(saved.has(fact.hash), `fact ${fact.sequence} of round ${round}`).toBe(true);
    openStore(path(), stationId, sources).close();
    expect(verifyFacts(path())).toMatchObject({ ok: true });
  }
  expect(salvages).toBeGreaterThan(25);
}, 120_000);

function spoil(bytes: Buffer, below: (limit: number) => number): void {
  const pages = Math.floor(bytes.length / 4096);
  for (let count = below(4); count > 0; count -= 1) {
    const at = below(pages) * 4096;
    for (let byte = at; byte < at + 4096; byte += 1) bytes[byte] = below(256);
  }
  for (let count = below(30); count > 0; count -= 1) bytes[below(bytes.length)] = below(256);
}

test.each([
  ["the first page is noise", () => overwrite(path(), 0, Buffer.alloc(4096, 0xa5)), 400],
  ["it is cut in the middle", () => truncateSync(path(), Math.floor(statSync(path()).size / 2)), 1],
  ["it is empty", () => truncateSync(path(), 0), 0],
  [
    "it is no database",
    () => writeFileSync(path(), "this is no database at all, but somebody's notes\n".repeat(99)),
    0,
  ],
  ["it is gone", () => rmSync(path()), 0],
])("a file of which %s is set aside, and the new log says so", (_what, damage, atLeast) => {
  fill(path(), 100, 1000);
  const { logId } = openAndClose();
  damage();
  const before = existsSync(path()) ? readFileSync(path()) : null;

  const saved = salvage();
  expect(saved?.map((log) => log.logId)).toEqual([logId]);
  expect(saved?.[0]?.readableFacts).toBeGreaterThanOrEqual(atLeast);
  if (before !== null) expect(readFileSync(join(dir, asideFiles()[0] ?? ""))).toEqual(before);
  const store = openStore(path(), stationId, sources);
  expect(store.logId).not.toBe(logId);
  store.commit(parcelFacts(500));
  store.close();
  const [first] = readFacts(path());
  expect(JSON.parse(first?.text ?? "")).toMatchObject({
    sequence: 1,
    type: "log.salvaged",
    payload: { formerLogId: logId, formerFile: asideFiles()[0] ?? expect.any(String) },
  });
  expect(verifyFacts(path())).toMatchObject({ ok: true });
  expect(salvage()).toBeNull();
});

function openAndClose() {
  const store = openStore(path(), stationId, sources);
  const { logId } = store;
  store.close();
  return { logId };
}

test("commits lost behind a bad frame of the write-ahead log are noticed, for SQLite forgets them without a word", () => {
  fill(path(), 40, 1000);
  overwrite(`${path()}-wal`, 32 + (24 + 4096) * 20 + 2000, Buffer.alloc(8, 0x5a));
  const saved = salvage();
  expect(saved?.[0]).toMatchObject({ readableFacts: 160, lostFacts: 0, readableThrough: 160 });
});

test.each<SalvagePoint>(["damage-marked", "file-set-aside", "log-built", "log-in-place"])(
  "a start that dies at %s is gone on with at the next, and nothing is saved twice",
  (point) => {
    fill(path(), 60);
    overwrite(path(), 0, Buffer.alloc(16));
    expect(() =>
      salvage((at) => {
        if (at === point) throw new Error("died");
      }),
    ).toThrow("died");
    salvage();
    expect(asideFiles()).toHaveLength(1);
    expect(readFacts(path(), "salvaged", "number")).toHaveLength(240);
    expect(readdirSync(dir).filter((name) => /salvaging|damage\.json/.test(name))).toEqual([]);
    openStore(path(), stationId, sources).close();
    expect(verifyFacts(path())).toMatchObject({ ok: true, parcels: 60 });
  },
);

test("a mark that comes back after a power cut does not throw away what was recorded since", () => {
  fill(path(), 20);
  overwrite(path(), 0, Buffer.alloc(16));
  let mark = "";
  salvage((at) => {
    if (at === "log-in-place") mark = readFileSync(`${path()}.damage.json`, "utf8");
  });
  const store = openStore(path(), stationId, sources);
  store.commit(parcelFacts(500));
  const { logId } = store;
  store.close();
  writeFileSync(`${path()}.damage.json`, mark);
  expect(salvage()).toBeNull();
  const again = openStore(path(), stationId, sources);
  expect(again.logId).toBe(logId);
  expect(again.isHandled("order-500", "another")).toBe(true);
  again.close();
});

test("a store that was salvaged and is damaged again keeps the facts of both logs in their order", () => {
  fill(path(), 40);
  overwrite(path(), 0, Buffer.alloc(16));
  salvage();
  const middle = openStore(path(), stationId, sources);
  const { logId } = middle;
  for (let number = 41; number <= 60; number += 1) middle.commit(parcelFacts(number));
  middle.close();
  overwrite(path(), 0, Buffer.alloc(16));

  const saved = salvage();
  expect(saved?.map(({ readableFacts }) => readableFacts)).toEqual([160, 81]);
  const store = openStore(path(), stationId, sources);
  expect(store.formerLogs().map((log) => log.logId)).toEqual([saved?.[0]?.logId, logId]);
  expect(store.isHandled("order-7", "another")).toBe(true);
  expect(store.isHandled("order-55", "another")).toBe(true);
  expect(store.formerFacts(logId, 1, 2).map(({ sequence }) => sequence)).toEqual([2, 3]);
  store.close();
  expect(verifyFacts(path())).toMatchObject({ ok: true, parcels: 60 });
  expect(asideFiles()).toHaveLength(2);
});

test("facts behind a hole that the cloud does not have go into the new log, whole and once", () => {
  fill(path(), 60);
  const original = readFacts(path());
  sqlDamage(path(), "DELETE FROM facts WHERE sequence BETWEEN 100 AND 103");
  const logId = String(JSON.parse(original[0]?.text ?? "{}").logId);
  salvage();
  const store = openStore(path(), stationId, sources);
  expect(store.formerLogs()).toMatchObject([
    { logId, readableFacts: 236, lostFacts: 4, readableThrough: 99, lastSequence: 240, settled: false },
  ]);
  expect(store.formerFacts(logId, 90, 500).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 9 }, (_, at) => 91 + at),
  );
  expect(store.carryFormer(50)).toBe(false);
  store.settleFormer(logId, 99);
  while (store.carryFormer(50));
  expect(store.formerLogs()).toMatchObject([{ settled: true }]);
  store.close();

  const carried = new Map<number, string>();
  for (const { text } of readFacts(path())) {
    const { type, payload } = JSON.parse(text);
    if (type === "fact.salvaged")
      carried.set(payload.sequence, (carried.get(payload.sequence) ?? "") + String(payload.text));
  }
  expect([...carried.values()]).toEqual(
    original.filter(({ sequence }) => sequence > 103).map(({ text }) => text),
  );
  expect(verifyFacts(path())).toMatchObject({ ok: true });
});

test("a parcel under way when the file broke is asked about; one that lost its end long ago is not", () => {
  fill(path(), 700);
  const store = openStore(path(), stationId, sources);
  store.commit(parcelFacts(9000).slice(0, 3));
  store.close();
  sqlDamage(path(), "DELETE FROM facts WHERE sequence = 40");
  overwrite(path(), 0, Buffer.alloc(16));
  salvage();
  const after = openStore(path(), stationId, sources);
  expect(after.openParcels().map(({ parcel }) => parcel.parcelId)).toEqual(["parcel-9000"]);
  expect(after.openParcels()[0]?.parcel).toMatchObject({ verdict: "accepted", orderId: "order-9000" });
  expect(after.recentParcels(["belt"]).get("belt")?.[0]?.parcelId).toBe("parcel-700");
  after.close();
});
