import { join } from "node:path";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { pause, startBenchStation } from "./bench-station.ts";
import { readProcessorSeconds, startChild, stopChild } from "./child.ts";
import { waybillOf, writeOrderFile } from "./order-file.ts";
import { type Pair, printPairs, printValue, quantile } from "./statistics.ts";
import { withFolder } from "./with-folder.ts";

/**
 * From the last reading's bytes on TCP to the divert request at the sorter, against a process that does one 8 KiB
 * write with fsync per message. Both are driven from here, one after the other, parcel by parcel. A gate tells barcode,
 * weight and size in one telegram, as on the belt of a first start; then once more with scanner, scale and dimensioner
 * one behind the other, whose first two readings are recorded before the last one comes.
 */
const runs = Number(process.env.RUNS ?? 3);
const parcelsPerRun = Number(process.env.PARCELS ?? 1000);
/** Until the engine's code is compiled, as it is in the first hour of a station's day; at full speed. */
const warmUpParcels = 800;
const rehearsedSeconds = 5;

await measureBelt("one", "hot-path");
await measureBelt("three", "hot-path-three-devices");

/** One after the other: an engine beside it, idle or not, would not be there at a station. */
async function measureBelt(readings: "three" | "one", name: string): Promise<void> {
  await withFolder(async (dir) => {
    const count = warmUpParcels + runs * parcelsPerRun;
    writeOrderFile(dir, count);
    const station = await startBenchStation(dir, { readings });
    const limit = await startChild([
      fileURLToPath(new URL("./write-and-echo.ts", import.meta.url)),
      join(dir, "limit.bin"),
    ]);
    const socket = await open(Number(limit.ready.port));
    const pairs: Pair[] = [];
    for (let index = 1; index <= count; index += 1) {
      await station.induct(index);
      if (index > warmUpParcels) await pause(6);
      const value = await station.measure(index, waybillOf(index));
      if (index > warmUpParcels) await pause(6);
      pairs.push({ value, limit: await echo(socket) });
    }
    socket.destroy();
    await stopChild(limit.child);
    const processor = () => readProcessorSeconds(station.child.pid ?? 0);
    const idle = await spentIn(processor, rehearsedSeconds);
    await station.induct(count + 1);
    const rehearsing = await spentIn(processor, rehearsedSeconds);
    printValue(`${name}-rehearsal`, "% of a processor while a parcel is before the gate", [
      ((rehearsing - idle) / rehearsedSeconds) * 100,
    ]);
    await station.stop();
    const parts = Array.from({ length: runs }, (_, run) =>
      pairs.slice(warmUpParcels + run * parcelsPerRun, warmUpParcels + (run + 1) * parcelsPerRun),
    );
    const at = (share: number): Pair[] => parts.map((part) => pairOf(part, share));
    printPairs(`${name}-p50`, "ms", at(0.5), 1.8);
    printPairs(`${name}-p99`, "ms", at(0.99), 2.5);
  });
}

async function spentIn(processorSeconds: () => number, seconds: number): Promise<number> {
  const before = processorSeconds();
  await pause(seconds * 1000);
  return processorSeconds() - before;
}

function pairOf(part: readonly Pair[], share: number): Pair {
  return {
    value: quantile(
      part.map(({ value }) => value),
      share,
    ),
    limit: quantile(
      part.map(({ limit }) => limit),
      share,
    ),
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

function echo(socket: Socket): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    socket.once("data", () => resolve(performance.now() - startedAt));
    socket.write("twelve bytes");
  });
}
