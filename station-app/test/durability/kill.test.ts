import { expect, test } from "vitest";
import { killAgainAndAgain } from "./kill-harness.ts";

/**
 * Two stations at once. One has printers that count their labels, and a belt that stands until the next engine
 * has found its parcels; the other has printers that cannot say what came out.
 */
const stations = [
  { kills: 11, seed: 1, counting: true, held: true },
  { kills: 11, seed: 2, counting: false, held: false },
];

test("twenty-two deaths of the engine: nothing is lost, nothing is done twice, nothing happens without its fact", async () => {
  for (const report of await Promise.all(stations.map(killAgainAndAgain))) {
    expect(report.violations).toEqual([]);
    expect(report.labels).toBeGreaterThan(0);
    expect(report.diverts).toBeGreaterThan(0);
  }
}, 300_000);
