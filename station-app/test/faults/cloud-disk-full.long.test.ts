import { describe, expect, test } from "vitest";
import { openResources } from "./clean-up.ts";
import { openRun } from "./run.ts";
import { openSmallDisk, smallDiskMissing } from "./small-disk.ts";
import { expectUploadsGoOn, keepSending } from "./traffic.ts";

const title = `a cloud on a small file system${smallDiskMissing === null ? "" : ` (${smallDiskMissing})`}`;
const times = 4;
/** Half as many again as fit until the disk is full for the last time. */
const facts = 120_000;
/** With less the embedded database is not opened again. */
const neededBytes = 20_000_000;

describe.skipIf(smallDiskMissing !== null)(title, () => {
  test("120,000 facts come, and the disk fills again and again on the way: tables, log and backups meet it", async () => {
    const resources = openResources();
    const disk = openSmallDisk(resources, 1_000_000_000);
    const run = await openRun(resources, {
      database: "embedded",
      seed: 1,
      orders: 2000,
      olderFacts: facts,
      station: { belt: "moving" },
      cloud: { dataDir: disk.folder, env: { WAYSTATION_CLOUD_BACKUP_INTERVAL_MS: "2000" } },
      hold: () => disk.fill(10_000_000),
    });
    const { station } = run;
    const traffic = keepSending(station, 1);
    for (let time = 0; time < times; time += 1) {
      // What the screen says may still be of the time before: it counts only while there is too little room.
      await station.until(
        async () =>
          disk.freeBytes() < neededBytes && (await station.view()).link.failure?.code === "cloud.disk-full",
        "the disk to be full, and the screen to say so",
        120_000,
      );
      // Room for some more, then it is full again.
      if (time < times - 1) disk.fill(30_000_000);
      else disk.makeRoom();
      await expectUploadsGoOn(station);
    }
    await traffic.stop();
    const whole = await run.finish();
    console.log(JSON.stringify({ whole }));
    expect(whole.counts.cloudFacts).toBeGreaterThan(facts);
  }, 900_000);
});
