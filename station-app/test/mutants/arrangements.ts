import type { Patch } from "./build-mutant.ts";

const simulator = "station-app/test/simulation";

/** Arguments for one station, or several; faults for a hundred parcels. */
export const simulate = (hours: number, rate: number, faults: number, stations = 1): readonly string[] =>
  Object.entries({ stations, hours, rate, faults }).flatMap(([name, value]) => [`--${name}`, String(value)]);

/** Every fault of the plan is one of these, `kind/step`. */
export const onlyFaults = (...wanted: readonly string[]): Patch => ({
  file: `${simulator}/faults.ts`,
  find: "cells.filter(([kind]) => random.chance(rareShare[kind] ?? 1)),",
  replace: `cells.filter((cell) => ${JSON.stringify(wanted)}.includes(cell.join("/"))),`,
});

/** The cloud's machine loses its power late in the run, when a backup of it has the stations and the orders. */
export const powerCuts: readonly Patch[] = [
  onlyFaults("cloud-power-cut/any"),
  {
    file: `${simulator}/faults.ts`,
    find: "options.lastsMs * random.fraction() * 0.97",
    replace: "options.lastsMs * (0.4 + random.fraction() / 2)",
  },
  { file: `${simulator}/run.ts`, find: "backupEveryMs: hourMs,", replace: "backupEveryMs: hourMs / 4," },
];

/** Parcels follow so closely that the next one is inducted before a parcel reaches the gate. */
export const crowdedBelt: readonly Patch[] = [
  onlyFaults("swapped/read"),
  { file: `${simulator}/run.ts`, find: "options.rate > 300 ?", replace: "options.rate > 6000 ?" },
  {
    file: `${simulator}/traffic.ts`,
    find: "layout.lane.windows?.scan.toMs ?? 1000",
    replace: "600",
  },
  // The sorter is asked ten times a second: an induction that is heard of late makes every age too small.
  { file: `${simulator}/layout.ts`, find: "pollMs: 8000,", replace: "pollMs: 100," },
  { file: `${simulator}/layout.ts`, find: "least: 5000, most: 6500", replace: "least: 1600, most: 2200" },
  {
    file: `${simulator}/layout.ts`,
    find: "decisionMs: 20_000, travelMs: 22_000, heartbeatMs: 10_000",
    replace: "decisionMs: 9000, travelMs: 10_000, heartbeatMs: 2000",
  },
  { file: `${simulator}/layout.ts`, find: "decideWithinMs: 11_500,", replace: "decideWithinMs: 4000," },
  { file: `${simulator}/layout.ts`, find: "divertWithinMs: 18_000,", replace: "divertWithinMs: 8500," },
  { file: `${simulator}/layout.ts`, find: "windows: window(10_000),", replace: "windows: window(2300)," },
  { file: `${simulator}/layout.ts`, find: "{ fromMs: 0, toMs }", replace: "{ fromMs: 1500, toMs }" },
];

/** A backlog is many batches: so one is often under way before the last one is answered. */
export const smallBatches: Patch = {
  file: "station-app/engine/edge/outgoing-batches.ts",
  find: "usualSizeBytes = 2_000_000;",
  replace: "usualSizeBytes = 5000;",
};

/** Facts are deleted all the time: few are kept in any case, and the disk always wants room. */
export const hurriedPruning: readonly Patch[] = [
  {
    file: "station-app/engine/core/prune-facts.ts",
    find: "factsAlwaysKept = 20_000;",
    replace: "factsAlwaysKept = 20;",
  },
  {
    file: `${simulator}/layout.ts`,
    find: "warnBelowMegabytes: 2048,",
    replace: "warnBelowMegabytes: 200_000,",
  },
];
