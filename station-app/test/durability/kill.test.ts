import { expect, test } from "vitest";
import { killAgainAndAgain } from "./kill-harness.ts";

/** Two stations at once: with printers that count their labels, and with printers that cannot say what came out. */
test("twenty-two deaths of the engine: nothing is lost, nothing is done twice, nothing happens without its fact", async () => {
  const reports = await Promise.all([true, false].map((counting, seed) => killAgainAndAgain({ kills: 11, seed, counting })));
  for (const report of reports) {
    expect(report.violations).toEqual([]);
    expect(report.labels).toBeGreaterThan(0);
    expect(report.diverts).toBeGreaterThan(0);
  }
}, 300_000);
