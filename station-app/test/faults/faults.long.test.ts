import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planOrder } from "../scenarios/station-under-test.ts";
import { createRandom } from "../durability/disk-model.ts";
import { type KillCounts, killInUpload } from "./kill.ts";
import { importOrders, openRun, type Run, showTracking } from "./run.ts";
import { isQuick, planLineFaults, planReplays, spoilShapes, spoilUploads } from "./spoil.ts";
import { standStill } from "./stand-still.ts";
import { expectParcelsGoOn, keepSending } from "./traffic.ts";

const seed = 5;
const orders = 300;

/** One run of the real processes goes through everything; what is left of it in the end must be whole. */
describe("a station and its embedded cloud", () => {
  const resources = new AsyncDisposableStack();
  const random = createRandom(seed);
  const killed: KillCounts = {};
  let run: Run;
  let traffic: ReturnType<typeof keepSending>;

  beforeAll(async () => {
    run = await openRun(resources, {
      database: "embedded",
      seed,
      orders,
      olderFacts: 2000,
      station: { belt: "moving" },
    });
    await run.station.until(() => run.station.visibleOrders() === orders, "the orders");
    traffic = keepSending(run.station, 1);
  }, 120_000);
  afterAll(() => resources.disposeAsync(), 60_000);

  test("the cloud dies in the middle of an upload: parcels go on, uploads too once it is back", async () => {
    await killInUpload(run, "cloud", random, killed);
  }, 120_000);

  test("the engine dies in the middle of an upload", async () => {
    await killInUpload(run, "engine", random, killed);
    await expectParcelsGoOn(run.station, 1);
  }, 120_000);

  test("uploads are cut, held, truncated, garbled, delayed and sent again", async () => {
    await spoilUploads(run, [...planLineFaults("upload", random).filter(isQuick), ...planReplays()]);
  }, 180_000);

  test("so are shapes, while orders come", async () => {
    const spoilt = spoilShapes(run, planLineFaults("shape", random));
    for (let number = orders + 1; number <= orders + 5; number += 1)
      await importOrders(run.cloud.client, [showTracking(planOrder(number))]);
    await spoilt;
    await run.station.until(() => run.station.visibleOrders() === orders + 5, "every order");
  }, 180_000);

  test("the engine, the cloud and the sorter stand still for a while", async () => {
    await standStill(run, "cloud", 1000);
    await standStill(run, "sorter", 1500);
    await standStill(run, "engine", 4000);
  }, 120_000);

  test("in the end nothing is lost, doubled or in a wrong chute", async () => {
    await traffic.stop();
    const whole = await run.finish();
    console.log(
      JSON.stringify({ seed, killed, faults: run.proxy.counts(), replays: run.proxy.replayAnswers(), whole }),
    );
    expect(whole.accepted).toBeGreaterThan(5);
    expect(Object.keys(run.proxy.counts())).toHaveLength(11 + 3 + 12);
  }, 180_000);
});
