import { expect, test } from "vitest";
import { killAgainAndAgain } from "./kill-harness.ts";

/** 2 x 2 kinds of stations, 55 deaths each: every way to die five times on every kind. */
test.each([101, 102])(
  "110 deaths of the engine with seed %i, belt and printers of every kind",
  async (seed) => {
    const stations = [true, false].map((counting) => ({
      kills: 55,
      seed,
      counting,
      held: (seed % 2 === 0) === counting,
    }));
    const reports = await Promise.all(stations.map(killAgainAndAgain));
    console.log(JSON.stringify(reports));
    expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
  },
  1_800_000,
);
