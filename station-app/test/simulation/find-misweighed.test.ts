import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FactDraft } from "@waystation/shared/facts/draft";
import { openStore } from "../../engine/core/store.ts";
import { findMisweighed } from "./find-misweighed.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "waystation-misweighed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const parcelId = "parcel-1";
const device = { kind: "device", id: "scale" } as const;
const bound = { deviceId: "scale", boundBy: "request" } as const;

function weighOn(lane: string, weightGrams: number): readonly { rule: string; what: string }[] {
  const path = join(folder, "facts.db");
  const store = openStore(path, "station-1");
  const about = { lane, parcelId, actor: device };
  const drafts: FactDraft[] = [
    { ...about, name: "parcel.inducted.v1", payload: { parcelIndex: null, trigger: "scan" } },
    { ...about, name: "parcel.scanned.v1", payload: { data: "WS1", symbology: "code-128", ...bound } },
    { ...about, name: "parcel.weighed.v1", payload: { weightGrams, ...bound } },
  ];
  store.commit(drafts);
  store.close();
  const heavy = { truth: { barcode: "WS1", weightGrams: 300 } };
  const light = { truth: { barcode: "WS2", weightGrams: 200 } };
  return findMisweighed({ stationId: "station-1", paths: { facts: path } }, { bench: [heavy, light] });
}

test("a weight of the parcel with this barcode is right", () => {
  expect(weighOn("bench", 300)).toEqual([]);
});

test("the weight of another parcel is told", () => {
  expect(weighOn("bench", 200)).toMatchObject([
    { rule: "misweighed", what: "WS1 was never on the scale with 200 g" },
  ]);
});

test("a belt's readings are not looked at: what was swapped is doubted there", () => {
  expect(weighOn("belt", 200)).toEqual([]);
});
