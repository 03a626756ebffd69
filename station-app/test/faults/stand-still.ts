import type { Run } from "./run.ts";
import { expectParcelsGoOn, expectUploadsGoOn } from "./traffic.ts";

export type Sleeper = "engine" | "cloud" | "gate" | "sorter" | "printer";

/**
 * Stops a whole process, as a machine under great load or in a debugger does, and lets it go on. Whoever sends parcels
 * does so meanwhile; afterwards the lane takes parcels again and facts go up again.
 */
export async function standStill(run: Run, who: Sleeper, forMs: number): Promise<void> {
  const { signal } = processOf(run, who);
  signal("SIGSTOP");
  try {
    await new Promise((resolve) => setTimeout(resolve, forMs));
  } finally {
    signal("SIGCONT");
  }
  await expectParcelsGoOn(run.station, 2);
  await expectUploadsGoOn(run.station);
}

function processOf({ cloud, station }: Run, who: Sleeper) {
  if (who === "engine") return station.process();
  return who === "cloud" ? cloud.process() : station.twins[who].process;
}
