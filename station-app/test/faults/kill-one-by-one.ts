import { createRandom } from "../durability/disk-model.ts";
import type { WholeReport } from "./expect-whole.ts";
import { type KillCounts, killInUpload, type Victim } from "./kill.ts";
import { openRun } from "./run.ts";
import { keepSending } from "./traffic.ts";

export type KillPlan = {
  readonly database: "embedded" | "postgres";
  readonly seed: number;
  readonly victims: readonly Victim[];
  readonly orders: number;
};

/** One victim after the other, each in the middle of an upload, while parcels come; then the run must be whole. */
export async function killOneByOne(
  resources: AsyncDisposableStack,
  { database, seed, victims, orders }: KillPlan,
): Promise<{ readonly killed: KillCounts; readonly whole: WholeReport }> {
  const random = createRandom(seed);
  const killed: KillCounts = {};
  const run = await openRun(resources, {
    database,
    seed,
    orders,
    olderFacts: 2000,
    station: { belt: "moving" },
  });
  await run.station.until(() => run.station.visibleOrders() === orders, "the orders");
  const traffic = keepSending(run.station, 1);
  for (const victim of victims) await killInUpload(run, victim, random, killed);
  await traffic.stop();
  return { killed, whole: await run.finish() };
}
