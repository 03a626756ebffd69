import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCloud } from "./cloud-process.ts";
import { expectWhole, type WholeReport } from "./expect-whole.ts";
import { openFaultStation } from "./fault-station.ts";
import { openOwnNetworks } from "./own-network.ts";
import { untilQuiet } from "./run.ts";

const child = join(import.meta.dirname, "prepare-cloud-child.ts");

/** Cloud and station in networks of their own with a cable between them; nobody else reaches either. */
export async function openNetworkRun(resources: AsyncDisposableStack, orders: number) {
  const folder = mkdtempSync(join(tmpdir(), "waystation-faults-"));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  const networks = openOwnNetworks(resources);
  const cloud = await openCloud(resources, {
    dataDir: join(folder, "cloud"),
    host: networks.hosts.cloud,
    within: networks.within.cloud,
  });
  const keyFile = join(folder, "station-key.json");
  const tellCloud = (wish: object): void => {
    const [program = "", ...args] = networks.within.cloud;
    execFileSync(program, [...args, process.execPath, child, JSON.stringify({ url: cloud.url, ...wish })]);
  };
  tellCloud({ keyFile, orders });
  mkdirSync(join(folder, "station"));
  const station = await openFaultStation(resources, {
    folder: join(folder, "station"),
    cloud: { url: cloud.url, keyFile },
    belt: "moving",
    within: networks.within.station,
  });
  await station.start();
  const finish = async (): Promise<WholeReport> => {
    await untilQuiet(station);
    await station.kill();
    await cloud.stop();
    return expectWhole(station, { folder: cloud.dataDir });
  };
  return { networks, cloud, station, finish, importOrder: (order: number) => tellCloud({ order }) };
}
