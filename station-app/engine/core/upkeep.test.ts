import Database from "better-sqlite3";
import type { FactDraft } from "@waystation/shared/facts/draft";
import { afterEach, expect, test } from "vitest";
import { openStationBench } from "../../test/support/station-bench.ts";
import { verifyFacts } from "./verify-log.ts";

let bench: ReturnType<typeof openStationBench> | undefined;
afterEach(() => {
  bench?.close();
  bench?.remove();
  bench = undefined;
});

const by = { lane: null, parcelId: null, actor: { kind: "operator", id: "o-1" } } as const;
const calibrated = (dueOn: string): FactDraft => ({
  name: "scale.calibrated.v1",
  ...by,
  payload: { deviceId: "scale", certificate: "K-1", dueOn },
});
const zero = (weightGrams: number): FactDraft => ({
  name: "scale.zero-checked.v1",
  ...by,
  payload: { deviceId: "scale", weightGrams, toleranceGrams: 2, passed: Math.abs(weightGrams) <= 2 },
});

test("what was done about a scale is a fact, and the table follows from the facts", () => {
  bench = openStationBench();
  bench.core.start();
  expect(bench.core.upkeep()).toEqual([]);
  for (const fact of [calibrated("2026-12-31"), zero(7), calibrated("2027-12-31"), zero(-1)])
    expect(bench.core.recordUpkeep(fact)).toBeNull();
  expect(bench.core.upkeep()).toEqual([
    {
      deviceId: "scale",
      calibrationDueOn: "2027-12-31",
      certificate: "K-1",
      zeroCheckedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      zeroPassed: true,
    },
  ]);
  const path = bench.factsPath;
  expect(verifyFacts(path)).toMatchObject({ ok: true, facts: 5 });
  const db = new Database(path);
  db.exec("UPDATE upkeep SET calibration_due_on = '2030-01-01'");
  db.close();
  expect(verifyFacts(path)).toMatchObject({ ok: false, reason: expect.stringContaining("scales") });
});
