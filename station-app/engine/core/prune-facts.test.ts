import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { draft, judged } from "./filled-log.test-support.ts";
import { openReadOnly, walKeptBytes } from "./open-database.ts";
import { factsAlwaysKept, type PruneRules } from "./prune-facts.ts";
import { salvageIfDamaged } from "./salvage.ts";
import { openStore, type Store, systemSources } from "./store.ts";
import { verifyFacts } from "./verify-log.ts";

let dir = "";
let store: Store;
const path = () => join(dir, "facts.db");
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "waystation-prune-"));
  store = openStore(path(), "station-1", systemSources());
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

const hourMs = 3_600_000;
const rules: PruneRules = {
  keepMs: 24 * hourMs,
  hurry: false,
  budgetBytes: 1e12,
  factsPerStep: 1000,
  ordersKept: 1_000_000,
};
const hurried: PruneRules = { ...rules, hurry: true };

const ended = { outcome: "accepted", reasons: [], chute: 3 };

/** Two facts a parcel, in commits of hundreds. */
function addParcels(from: number, to: number): void {
  for (let number = from; number <= to; number += 250)
    store.commit(
      Array.from({ length: Math.min(250, to - number + 1) }, (_, at) => number + at).flatMap((each) => [
        draft("parcel.judged.v1", `parcel-${each}`, judged(each)),
        draft("parcel.ended.v1", `parcel-${each}`, ended),
      ]),
    );
  store.checkpoint();
}

const pruneAll = (with_: PruneRules, runningMs = 0): number => {
  let sum = 0;
  for (let went = store.prune(runningMs, with_); went > 0; went = store.prune(runningMs, with_)) sum += went;
  return sum;
};
const first = (): number => {
  const db = new Database(path(), { readonly: true });
  const sequence = db.prepare("SELECT min(sequence) FROM facts").pluck().get() as number;
  db.close();
  return sequence;
};

test("only what the cloud holds for good goes, never what it merely received, and the newest stay", () => {
  addParcels(1, 15_000);
  expect(pruneAll(hurried)).toBe(0);
  store.saveAcknowledged({ receivedThrough: 30_000, durableThrough: 0 });
  expect(pruneAll(hurried)).toBe(0);
  store.saveAcknowledged({ receivedThrough: 30_000, durableThrough: 4_000 });
  expect(pruneAll(hurried)).toBe(4_000);
  store.saveAcknowledged({ receivedThrough: 30_000, durableThrough: 30_000 });
  expect(pruneAll(hurried)).toBe(30_000 - factsAlwaysKept - 4_000);
  expect(first()).toBe(10_001);
  expect(verifyFacts(path())).toMatchObject({ ok: true, facts: factsAlwaysKept, prunedThrough: 10_000 });
  expect(store.isHandled("order-3", "another")).toBe(true);
  expect(store.isHandled("order-14000", "another")).toBe(true);
  expect(store.isHandled("order-15001", "another")).toBe(false);
});

test("a cloud restored from an older copy takes back what it called durable, and nothing more goes", () => {
  addParcels(1, 15_000);
  store.saveAcknowledged({ receivedThrough: 30_000, durableThrough: 30_000 });
  store.saveAcknowledged({ receivedThrough: 500, durableThrough: 400, isRestored: true });
  expect(store.acknowledged()).toEqual({ receivedThrough: 500, durableThrough: 400 });
  expect(pruneAll(hurried)).toBe(400);
  // An ordinary answer that comes late takes nothing back.
  store.saveAcknowledged({ receivedThrough: 500, durableThrough: 100 });
  expect(store.acknowledged().durableThrough).toBe(400);
});

test("facts go when the station has run for the time they are kept, whatever its clock says", () => {
  store.prune(0, rules);
  addParcels(1, 15_000);
  store.saveAcknowledged({ receivedThrough: 30_000, durableThrough: 30_000 });
  expect(store.prune(hourMs, rules)).toBe(0);
  expect(store.prune(24 * hourMs, rules)).toBe(0);
  expect(pruneAll(rules, 25 * hourMs)).toBe(10_000);
});

test("facts of a parcel under way stay, and everything after them", () => {
  store.commit([draft("parcel.judged.v1", "under-way", judged(0))]);
  addParcels(1, 15_000);
  store.saveAcknowledged({ receivedThrough: 30_001, durableThrough: 30_001 });
  expect(pruneAll(hurried)).toBe(0);
  store.commit([draft("parcel.ended.v1", "under-way", ended)]);
  expect(pruneAll(hurried)).toBe(10_002);
  // Its last fact is still here, and so is its row.
  expect(verifyFacts(path())).toMatchObject({ ok: true, parcels: 10_001 });
});

test("what was done about scales can still be rebuilt, and a scale's facts stay", () => {
  store.commit([
    draft("scale.calibrated.v1", null, { deviceId: "s", certificate: "K-1", dueOn: "2030-01-01" }),
  ]);
  addParcels(1, 15_000);
  store.saveAcknowledged({ receivedThrough: 30_001, durableThrough: 30_001 });
  expect(pruneAll(hurried)).toBe(10_001);
  expect(first()).toBe(1);
  expect(store.upkeep()).toMatchObject([{ deviceId: "s", certificate: "K-1" }]);
  expect(verifyFacts(path())).toMatchObject({ ok: true });
});

test("the room of pruned facts is used again, and orders are forgotten beyond their bound, the oldest first", () => {
  addParcels(1, 15_000);
  const { size } = statSync(path());
  for (let round = 1; round <= 4; round += 1) {
    store.saveAcknowledged({ receivedThrough: store.lastSequence(), durableThrough: store.lastSequence() });
    pruneAll({ ...hurried, ordersKept: 7_000 });
    addParcels(15_001 + (round - 1) * 5_000, 15_000 + round * 5_000);
  }
  expect(statSync(path()).size).toBeLessThan(size * 1.2);
  expect(store.isHandled("order-100", "another")).toBe(false);
  expect(store.isHandled("order-14900", "another")).toBe(true);
  expect(verifyFacts(path())).toMatchObject({ ok: true });
});

test("a pruned log that is damaged names only what is really lost, and still knows the orders", () => {
  addParcels(1, 15_000);
  store.saveAcknowledged({ receivedThrough: 30_000, durableThrough: 30_000 });
  pruneAll(hurried);
  addParcels(15_001, 15_500);
  store.close();
  const db = new Database(path());
  db.pragma("secure_delete = ON");
  db.exec("DELETE FROM facts WHERE sequence BETWEEN 29000 AND 29009");
  db.close();
  const saved = salvageIfDamaged(path(), "station-1", systemSources());
  expect(saved).toMatchObject([
    { firstReadable: 10_001, lostFacts: 10, lost: [{ from: 29_000, to: 29_009 }] },
  ]);
  store = openStore(path(), "station-1", systemSources());
  expect(store.isHandled("order-3", "another")).toBe(true);
  expect(verifyFacts(path())).toMatchObject({ ok: true });
});

test("salvaged facts go when the cloud holds them for good and the new log's own first facts went", () => {
  addParcels(1, 500);
  const { logId } = store;
  store.close();
  rmSync(`${path()}-wal`, { force: true });
  const db = new Database(path());
  db.pragma("secure_delete = ON");
  db.exec("DELETE FROM facts WHERE sequence = 899");
  db.close();
  salvageIfDamaged(path(), "station-1", systemSources());
  store = openStore(path(), "station-1", systemSources());
  store.saveFormerReceived(logId, { receivedThrough: 898, durableThrough: 898 });
  store.settleFormer(logId, 898);
  while (store.carryFormer(50));
  addParcels(501, 15_500);
  expect(pruneAll(hurried)).toBe(0);
  store.saveAcknowledged({ receivedThrough: store.lastSequence(), durableThrough: store.lastSequence() });
  expect(pruneAll(hurried)).toBe(store.lastSequence() - factsAlwaysKept + 999);
  expect(store.isHandled("order-3", "another")).toBe(true);
  expect(verifyFacts(path())).toMatchObject({ ok: true });
});

test("a reader that holds on lets the write-ahead log grow only while it reads", () => {
  const reader = openReadOnly(path());
  const growth = draft("lane.stopped.v1", null, { reason: "x".repeat(190) });
  const grow = (): void => store.commit(Array.from({ length: 20_000 }, () => growth));
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM facts").get();
  while (statSync(`${path()}-wal`).size < walKeptBytes) {
    grow();
    store.checkpoint();
  }
  grow();
  reader.exec("COMMIT");
  reader.close();
  store.checkpoint();
  store.commit([growth]);
  expect(statSync(`${path()}-wal`).size).toBeLessThanOrEqual(walKeptBytes);
}, 60_000);
