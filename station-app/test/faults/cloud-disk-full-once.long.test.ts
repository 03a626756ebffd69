import { postgresMissing } from "@waystation/cloud-api/test-support/postgres-server";
import { describe, test } from "vitest";
import { planOrder } from "../scenarios/station-under-test.ts";
import { openResources } from "./clean-up.ts";
import { openRun, showTracking } from "./run.ts";
import { openSmallDisk, smallDiskMissing } from "./small-disk.ts";
import { expectParcelsGoOn, expectUploadsGoOn, keepSending } from "./traffic.ts";

const title = `a cloud on a small file system${smallDiskMissing === null ? "" : ` (${smallDiskMissing})`}`;

describe.skipIf(smallDiskMissing !== null)(title, () => {
  test("the embedded database: parcels go on, nothing is acknowledged that is not there, and it goes on with room", async () => {
    const resources = openResources();
    const disk = openSmallDisk(resources, 400_000_000);
    const orders = 200;
    const run = await openRun(resources, {
      database: "embedded",
      seed: 1,
      orders,
      station: { belt: "moving" },
      cloud: { dataDir: disk.folder },
    });
    const { station } = run;
    await station.until(() => station.visibleOrders() === orders, "the orders");
    disk.fill(0);
    const traffic = keepSending(station, 1);
    await station.until(
      async () => (await station.view()).link.failure?.code === "cloud.disk-full",
      "the screen to say that the cloud's disk is full",
    );
    await expectParcelsGoOn(station, 2);

    disk.makeRoom();
    await expectUploadsGoOn(station);
    await traffic.stop();
    console.log(JSON.stringify(await run.finish()));
  }, 240_000);

  test.skipIf(postgresMissing !== null)(
    "the spool of shapes: a first sync waits in words and comes when there is room",
    async () => {
      const resources = openResources();
      const disk = openSmallDisk(resources, 20_000_000);
      disk.fill(0);
      const orders = 20;
      const heavy = Array.from({ length: 60 }, (_, at) =>
        showTracking(planOrder(orders + 1 + at), `^FX${"x".repeat(94)}^FS`.repeat(300)),
      );
      const run = await openRun(resources, {
        database: "postgres",
        seed: 1,
        orders,
        moreOrders: heavy,
        station: { belt: "moving" },
        cloud: { dataDir: disk.folder },
      });
      const { station } = run;
      await station.until(async () => (await station.view()).link.failure !== null, "the station to say so");
      disk.makeRoom();
      await station.until(() => station.visibleOrders() === orders + heavy.length, "every order", 90_000);
      const traffic = keepSending(station, 1);
      await expectParcelsGoOn(station, 1);
      await traffic.stop();
      console.log(JSON.stringify(await run.finish()));
    },
    240_000,
  );
});
