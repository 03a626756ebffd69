import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recentLimit } from "@waystation/shared/session/state";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parcelFacts, sources, stationId } from "./filled-log.test-support.ts";
import { openStore } from "./store.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "waystation-open-parcels-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("each lane finds its last parcels again, also one that has stood still while another worked on", () => {
  const store = openStore(join(dir, "facts.db"), stationId, sources);
  const work = (lane: string, from: number, through: number): void => {
    for (let number = from; number <= through; number += 1)
      store.commit(parcelFacts(number).map((fact) => ({ ...fact, lane })));
  };
  work("bench", 1, 3);
  work("belt", 4, 3 + 3 * recentLimit);
  const recent = store.recentParcels(["belt", "bench", "new"]);
  store.close();
  const numbersOf = (laneId: string) => recent.get(laneId)?.map(({ parcelIndex }) => parcelIndex);
  expect(numbersOf("bench")).toEqual([3, 2, 1]);
  expect(numbersOf("belt")).toEqual(Array.from({ length: recentLimit }, (_, at) => 3 + 3 * recentLimit - at));
  expect(numbersOf("new")).toEqual([]);
});
