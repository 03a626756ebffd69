import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FactEnvelope } from "@waystation/shared/facts/envelope";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fill, overwrite, parcelFacts, sources, sqlDamage, stationId } from "./filled-log.test-support.ts";
import { hashText, writeFactText } from "./fact-text.ts";
import { checkFacts, findBreak } from "./salvage-check.ts";
import { openStore } from "./store.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "waystation-salvage-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const path = () => join(dir, "facts.db");

test.each([
  [
    "missing rows near the end",
    ["DELETE FROM facts WHERE sequence BETWEEN 300 AND 310"],
    "fact 300 is missing",
  ],
  ["missing rows at the start", ["DELETE FROM facts WHERE sequence < 5"], "fact 1 is missing"],
  [
    "a changed text",
    [
      "DROP TRIGGER facts_are_immutable",
      "UPDATE facts SET text = replace(text, 'PKT', 'PKX') WHERE sequence = 399",
    ],
    "the text of fact 399",
  ],
])("%s are noticed at the start", (_what, statements, reason) => {
  fill(path(), 100);
  sqlDamage(path(), ...statements);
  expect(checkFacts(path(), stationId, true)).toMatchObject({
    kind: "damaged",
    reason: expect.stringContaining(reason),
  });
});

test("a hole far from the end is met by the walk while the line is quiet", () => {
  fill(path(), 700);
  sqlDamage(path(), "DELETE FROM facts WHERE sequence = 77");
  expect(checkFacts(path(), stationId, true)).toEqual({ kind: "whole" });
  const store = openStore(path(), stationId, sources);
  expect(store.walk(50)).toBeNull();
  expect(store.walk(50)).toBe("fact 77 is missing");
  store.close();
});

test("a walk that reached the end begins anew a day later", () => {
  fill(path(), 100);
  let monotonicMs = 0;
  const store = openStore(path(), stationId, { ...sources, monotonicMs: () => monotonicMs });
  const walkOn = (): string | null => {
    for (let step = 0; step < 20; step += 1) {
      const trouble = store.walk(50);
      if (trouble !== null) return trouble;
    }
    return null;
  };
  expect(walkOn()).toBeNull();
  expect(store.walked()).toBe(true);
  sqlDamage(path(), "DELETE FROM facts WHERE sequence = 77");
  monotonicMs = 86_399_000;
  expect(walkOn()).toBeNull();
  monotonicMs = 86_400_000;
  expect(store.walk(50)).toBeNull();
  expect(store.walked()).toBe(false);
  expect(walkOn()).toBe("fact 77 is missing");
  store.close();
});

test("a walk that reached the end rests; what was written since then is walked through on the next day", () => {
  fill(path(), 10);
  let monotonicMs = 0;
  const store = openStore(path(), stationId, { ...sources, monotonicMs: () => monotonicMs });
  expect(store.walk(50)).toBeNull();
  expect(store.walked()).toBe(true);
  store.commit(parcelFacts(11));
  sqlDamage(path(), "DELETE FROM facts WHERE sequence = 42");
  expect(store.walk(50)).toBeNull();
  monotonicMs = 86_400_000;
  expect(store.walk(50)).toBe("fact 42 is missing");
  store.close();
});

test.each<[what: string, trouble: string | null, change: (fact: FactEnvelope) => unknown]>([
  ["as it was written", null, (fact) => fact],
  ["with its keys in another order", null, ({ payload, ...rest }) => ({ payload, ...rest })],
  ["of another log", "fact 2 is in the wrong place", (fact) => ({ ...fact, logId: "log-2" })],
  ["of another place", "fact 2 is in the wrong place", (fact) => ({ ...fact, sequence: 3 })],
  [
    "after another fact",
    "the chain is broken at fact 2",
    (fact) => ({ ...fact, previousHash: "0".repeat(64) }),
  ],
  [
    "whose payload ends as it should itself",
    "the chain is broken at fact 2",
    ({ previousHash, ...rest }) => ({ ...rest, payload: { previousHash } }),
  ],
  [
    "whose station is called like a place",
    "fact 2 is in the wrong place",
    (fact) => ({ ...fact, stationId: 's","logId":"log-1","sequence":2,"id":"', logId: "log-2" }),
  ],
])("a fact %s", (_what, trouble, change) => {
  const stamp = {
    stationId,
    logId: "log-1",
    bootId: "boot-1",
    occurredAt: "2026-03-01T00:00:00Z",
    monotonicMs: 1,
  };
  const first = { sequence: 1, hash: hashText("the first fact") };
  const place = { sequence: 2, id: "fact-2", causedBy: null, previousHash: first.hash };
  const [written] = parcelFacts(1);
  if (written === undefined) throw new Error("a parcel has facts");
  const text = JSON.stringify(change(JSON.parse(writeFactText(written, stamp, place)) as FactEnvelope));
  expect(findBreak([{ sequence: 2, text, hash: hashText(text) }], "log-1", first)).toBe(trouble);
});

test("a torn last transaction is what a power cut leaves, and no damage", () => {
  fill(path(), 40, 1000);
  const { size } = statSync(`${path()}-wal`);
  overwrite(`${path()}-wal`, size - 4096 - 24 - 100, Buffer.alloc(64, 0x5a));
  expect(checkFacts(path(), stationId, true)).toEqual({ kind: "whole" });
});
