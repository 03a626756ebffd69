import { setTimeout as pause } from "node:timers/promises";
import type { WholeReport } from "./expect-whole.ts";
import { openNetworkRun } from "./network-run.ts";
import { expectParcelsGoOn, expectUploadsGoOn, keepSending } from "./traffic.ts";

export type Outages = { readonly forMs: number; readonly orders: number; readonly restartCloud: boolean };

/**
 * The cable is out for a while, then packets vanish for a while; orders come to the cloud meanwhile, and parcels to the
 * station. Neither process is started anew, except the cloud where asked for, which then comes back behind the
 * station's back.
 */
export async function loseNetwork(
  resources: AsyncDisposableStack,
  { forMs, orders, restartCloud }: Outages,
): Promise<WholeReport> {
  const { networks, cloud, station, finish, importOrder } = await openNetworkRun(resources, orders);
  await station.until(() => station.visibleOrders() === orders, "the orders");
  const traffic = keepSending(station, 1);
  await expectUploadsGoOn(station);
  const outages = [
    [networks.unplug, networks.plug],
    [networks.swallow, networks.letThrough],
  ] as const;
  for (const [number, [begin, end]] of outages.entries()) {
    begin();
    importOrder(orders + 1 + number);
    await expectParcelsGoOn(station, 1);
    if (restartCloud) {
      await cloud.kill();
      await cloud.start();
    }
    await pause(forMs);
    if (station.visibleOrders() !== orders + number) throw new Error("an order came over a broken line");
    end();
    await expectUploadsGoOn(station);
    const due = orders + 1 + number;
    await station.until(() => station.visibleOrders() === due, `${due} orders`, 120_000);
  }
  await traffic.stop();
  return finish();
}
