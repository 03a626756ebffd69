import { startBenchStation } from "./bench-station.ts";
import { readMemory } from "./child.ts";
import { waybillOf, writeOrderFile } from "./order-file.ts";
import { printAgainstGoal, printValue } from "./statistics.ts";
import { withFolder } from "./with-folder.ts";

/** A station that knows a million orders: how soon after the start of its process the first parcel is diverted, and what it holds in memory after some parcels. */
const orders = Number(process.env.ORDERS ?? 1_000_000);
const runs = 3;
const parcels = 200;

await withFolder(async (dir) => {
  writeOrderFile(dir, orders);
  const starts: number[] = [];
  const resident: number[] = [];
  const peaks: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const station = await startBenchStation(dir);
    for (let index = 1; index <= parcels; index += 1) {
      await station.induct(index);
      await station.measure(index, waybillOf(Math.floor((orders / parcels) * index)));
      if (index === 1) starts.push((performance.now() - station.startedAt) / 1000);
    }
    const memory = readMemory(station.child);
    resident.push(memory.residentMegabytes);
    peaks.push(memory.peakMegabytes);
    await station.stop();
  }
  printAgainstGoal("start-to-first-scan", "s", starts, 2);
  printAgainstGoal("engine-memory", "MB", resident, 250);
  printValue("engine-memory-peak", "MB", peaks);
});
