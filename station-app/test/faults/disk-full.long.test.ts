import { describe, expect, test } from "vitest";
import { openResources } from "./clean-up.ts";
import { importOrders, openRun, showTracking } from "./run.ts";
import { planOrder } from "../scenarios/station-under-test.ts";
import { openSmallDisk, smallDiskMissing } from "./small-disk.ts";
import { expectParcelsGoOn, keepSending } from "./traffic.ts";

const title = `on a small file system${smallDiskMissing === null ? "" : ` (${smallDiskMissing})`}`;
const orders = 20;
/** Labels that fill a disk soon. */
const heavy = (number: number) => showTracking(planOrder(number), `^FX${"x".repeat(94)}^FS`.repeat(300));

describe.skipIf(smallDiskMissing !== null)(title, () => {
  test("facts and orders: refused in words, nothing wrong recorded, both go on when there is room", async () => {
    const resources = openResources();
    const disk = openSmallDisk(resources, 32_000_000);
    const run = await openRun(resources, {
      database: "embedded",
      seed: 1,
      orders,
      station: { belt: "moving", folder: disk.folder },
    });
    const { station } = run;
    await station.until(() => station.visibleOrders() === orders, "the orders");
    await station.send(1);
    await station.until(() => station.underWay() === 0, "the first parcel to end");
    const before = station.facts();

    disk.fill(0);
    await importOrders(
      run.cloud.client,
      Array.from({ length: 100 }, (_, at) => heavy(orders + 1 + at)),
    );
    await station.twins.sorter.ask({ command: "induct", parcelIndex: 2 });
    await station.until(async () => {
      const { lanes, link } = await station.view();
      return lanes[0]?.stopReason === "store.full" && link.ordersFailure?.code === "orders.disk-full";
    }, "the screen to say that the disk is full");
    expect(station.facts().length).toBe(before.length);
    await station.until(
      async () => (await station.sorterState()).confirmed[2] === 99,
      "parcel 2 to be rejected",
    );

    disk.makeRoom();
    // The first fact that finds room ends the engine: what the devices said meanwhile was lost, so it asks them again.
    await station.twins.sorter.ask({ command: "induct", parcelIndex: 3 });
    expect(await station.process().ended).toBe("exit 70");
    await station.start();
    const traffic = keepSending(station, 4);
    await expectParcelsGoOn(station, 2);
    await station.until(() => station.visibleOrders() === orders + 100, "every order");
    await traffic.stop();
    // Parcel 3 had no command, for the sorter was not there yet when the engine was: it runs off in its own time.
    await station.until(
      async () => (await station.view()).lanes[0]?.parcels.length === 0,
      "every parcel to end",
    );
    console.log(JSON.stringify(await run.finish()));
    expect((await station.sorterState()).confirmed[2]).toBe(99);
  }, 180_000);
});
