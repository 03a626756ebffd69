import { expect, test } from "vitest";
import { createRandom } from "../durability/disk-model.ts";
import { planOrder } from "../scenarios/station-under-test.ts";
import { openResources } from "./clean-up.ts";
import { importOrders, openRun, showTracking } from "./run.ts";
import { isQuick, planLineFaults, planReplays, spoilShapes, spoilUploads } from "./spoil.ts";
import { keepSending } from "./traffic.ts";

const rounds = 10;
const orders = 4000;

test.each(["embedded", "postgres"] as const)(
  "every fault of the line again and again, %s",
  async (database) => {
    const seed = 71;
    const random = createRandom(seed);
    const run = await openRun(openResources(), {
      database,
      seed,
      orders,
      olderFacts: 5000,
      station: { belt: "moving" },
    });
    await run.station.until(() => run.station.visibleOrders() === orders, "the orders");
    const traffic = keepSending(run.station, 1);
    for (let round = 1; round <= rounds; round += 1) {
      const uploads = [...planLineFaults("upload", random), ...planReplays()];
      await spoilUploads(run, uploads.filter(isQuick));
      const spoilt = spoilShapes(run, planLineFaults("shape", random));
      await importOrders(run.cloud.client, [showTracking(planOrder(orders + round))]);
      await spoilt;
    }
    await spoilUploads(
      run,
      planLineFaults("upload", random).filter((fault) => !isQuick(fault)),
    );
    await run.station.until(() => run.station.visibleOrders() === orders + rounds, "every order");
    await traffic.stop();
    const whole = await run.finish();
    console.log(
      JSON.stringify({ seed, faults: run.proxy.counts(), replays: run.proxy.replayAnswers(), whole }),
    );
    expect(Object.keys(run.proxy.counts())).toHaveLength(12 + 3 + 12);
  },
  1_800_000,
);
