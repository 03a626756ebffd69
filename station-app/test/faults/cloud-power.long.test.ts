import { expect, test } from "vitest";
import { createRandom } from "../durability/disk-model.ts";
import { openResources } from "./clean-up.ts";
import { failSyncs, openWatchedCloud } from "./cloud-power.ts";

const firstSyncs = Array.from({ length: 40 }, (_, at) => at + 1);
/** A backup syncs every file and folder of a database, some thousands. */
const laterSyncs = Array.from({ length: 40 }, (_, at) => 41 + at * 40);

test.each([51, 52])(
  "the n-th sync of a backup fails, then the power is cut, seed %i",
  async (seed) => {
    const watched = await openWatchedCloud(openResources());
    await watched.upload();
    expect(await watched.backUp()).toBe(true);
    const survey = await failSyncs(watched, [...firstSyncs, ...laterSyncs], createRandom(seed));
    console.log(JSON.stringify({ seed, ...survey, sent: watched.sent(), promised: watched.promised() }));
    expect(survey.failed).toBeGreaterThan(firstSyncs.length);
    expect(survey.images).toBe(firstSyncs.length + laterSyncs.length);
  },
  1_800_000,
);
