import { expect, test } from "vitest";
import { openResources } from "./clean-up.ts";
import { openRun } from "./run.ts";
import { type Sleeper, standStill } from "./stand-still.ts";
import { keepSending } from "./traffic.ts";

const sleepers: readonly Sleeper[] = ["engine", "cloud", "gate", "sorter", "printer"];
const pausesMs = [100, 1000, 3000, 10_000];

test("each process stands still for up to 10 s while parcels come: none is wrong, the lanes recover", async () => {
  const run = await openRun(openResources(), {
    database: "embedded",
    seed: 61,
    orders: 3000,
    station: { belt: "moving" },
  });
  await run.station.until(() => run.station.visibleOrders() === 3000, "the orders");
  const traffic = keepSending(run.station, 1);
  for (const forMs of pausesMs) for (const who of sleepers) await standStill(run, who, forMs);
  await traffic.stop();
  const whole = await run.finish();
  console.log(JSON.stringify({ pauses: pausesMs.length * sleepers.length, whole }));
  expect(whole.accepted).toBeGreaterThan(2 * pausesMs.length * sleepers.length);
}, 1_200_000);
