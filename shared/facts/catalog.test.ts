import { createHash } from "node:crypto";
import published from "@waystation/fixtures/scenarios/facts.json" with { type: "json" };
import { expect, test } from "vitest";
import { factCatalog, type FactName, joinFactName, splitFactName } from "./catalog.ts";
import { factEnvelopeSchema, genesisHash, storedFactSchema } from "./envelope.ts";

/** Facts as stations in the field stored them: whatever the catalogue becomes, these must stay readable. */
const stored = published.facts.map(({ text, hash }) => {
  const envelope = factEnvelopeSchema.parse(JSON.parse(text));
  return { name: joinFactName(envelope.type, envelope.version), text, hash, envelope };
});

test("every fact of the catalogue is published, and every published one is in the catalogue", () => {
  expect(stored.map(({ name }) => name).sort()).toEqual(Object.keys(factCatalog).sort());
});

test.each(stored)("$name is still read as it was stored, key for key", ({ name, text, envelope }) => {
  const payload = factCatalog[name as FactName].parse(envelope.payload);
  expect(JSON.stringify({ ...envelope, payload })).toBe(text);
});

test("a key more or in another place gives another text", () => {
  const [{ text }] = stored as [(typeof stored)[number]];
  const { stationId, ...rest } = JSON.parse(text) as Record<string, unknown>;
  const moved = JSON.stringify({ ...rest, stationId });
  expect(JSON.stringify(factEnvelopeSchema.parse(JSON.parse(moved)))).toBe(text);
  expect(moved).not.toBe(text);
});

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

/** Where a log breaks: the first sequence whose text, hash, place or link is not what it must be. */
function findBreak(facts: readonly { readonly text: string; readonly hash: string }[]): number | null {
  let previousHash = genesisHash;
  for (const [at, { text, hash }] of facts.entries()) {
    const envelope = factEnvelopeSchema.parse(JSON.parse(text));
    if (sha256(text) !== hash || envelope.previousHash !== previousHash || envelope.sequence !== at + 1)
      return at + 1;
    previousHash = hash;
  }
  return null;
}

test("the published facts are one chain from the genesis", () => {
  expect(findBreak(published.facts)).toBeNull();
  for (const [at, fact] of published.facts.entries())
    expect(storedFactSchema.safeParse({ sequence: at + 1, ...fact }).success).toBe(true);
});

test.each([
  [
    "changed",
    (facts: typeof published.facts) =>
      facts.map((fact, at) => (at === 6 ? { ...fact, text: fact.text.replace("350", "351") } : fact)),
    7,
  ],
  [
    "changed together with its hash",
    (facts: typeof published.facts) =>
      facts.map((fact, at) => {
        const text = fact.text.replace("350", "351");
        return at === 6 ? { text, hash: sha256(text) } : fact;
      }),
    8,
  ],
  ["removed", (facts: typeof published.facts) => facts.filter((_fact, at) => at !== 3), 4],
  [
    "slipped in",
    (facts: typeof published.facts) => facts.flatMap((fact, at) => (at === 3 ? [fact, fact] : [fact])),
    5,
  ],
  [
    "moved",
    (facts: typeof published.facts) => [
      ...facts.slice(0, 2),
      ...facts.slice(3, 4),
      ...facts.slice(2, 3),
      ...facts.slice(4),
    ],
    3,
  ],
])("a fact that was %s breaks the chain", (_how, tamper, sequence) => {
  expect(findBreak(tamper(published.facts))).toBe(sequence);
});

test("a fact's name is its type and its version", () => {
  expect(splitFactName("parcel.judged.v12")).toEqual({ type: "parcel.judged", version: 12 });
  for (const { name } of stored) {
    const { type, version } = splitFactName(name);
    expect(joinFactName(type, version)).toBe(name);
  }
});

test("no fact has a place for a person's name or address", () => {
  const personal = /name|street|city|postcode|phone|company|consignee|address|email/i;
  for (const { text } of stored)
    for (const [, key] of text.matchAll(/"(\w+)":/g)) expect(key).not.toMatch(personal);
});

test.each<[FactName, unknown]>([
  ["parcel.weighed.v1", { weightGrams: 200.5, deviceId: "gate", boundBy: "index" }],
  [
    "parcel.measured.v1",
    { lengthMillimetres: 0, widthMillimetres: 1, heightMillimetres: 1, deviceId: "gate", boundBy: "index" },
  ],
  ["parcel.scanned.v1", { data: "x".repeat(513), symbology: "qr", deviceId: "gate", boundBy: "index" }],
  ["parcel.scanned.v1", { data: "x", symbology: "qr", deviceId: "gate", boundBy: "guess" }],
  ["parcel.ended.v1", { outcome: "lost", reasons: [], chute: null }],
  [
    "parcel.ended.v1",
    {
      outcome: "rejected",
      reasons: Array.from({ length: 21 }, () => ({ code: "x", details: {} })),
      chute: null,
    },
  ],
  ["label.requested.v1", { jobId: "", printerId: "printer", orderId: "order-1", odometerBefore: null }],
])("%s refuses %o", (name, payload) => {
  expect(factCatalog[name].safeParse(payload).success).toBe(false);
});
