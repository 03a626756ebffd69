import { expect, test } from "vitest";
import { killAgainAndAgain } from "./kill-harness.ts";

/**
 * Two stations at once. One has printers that count their labels, and a belt so slow that the next engine finds
 * its parcels still on it; the other has printers that cannot say what came out.
 */
const stations = [
  { kills: 11, seed: 1, counting: true, travelMs: 4000 },
  { kills: 11, seed: 2, counting: false, travelMs: 600 },
];

test("twenty-two deaths of the engine: nothing is lost, nothing is done twice, nothing happens without its fact", async () => {
  for (const report of await Promise.all(stations.map(killAgainAndAgain))) {
    expect(report.violations).toEqual([]);
    expect(report.labels).toBeGreaterThan(0);
    expect(report.diverts).toBeGreaterThan(0);
  }
}, 300_000);
