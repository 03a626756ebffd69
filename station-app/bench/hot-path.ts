import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDwsTwin } from "@waystation/drivers/twins/dws";
import { startSorterTwin } from "@waystation/drivers/twins/sorter";
import { openReplica } from "../engine/core/open-database.ts";
import { prepareOrders } from "../engine/replica/orders-schema.ts";
import { createShapeWriter } from "../engine/replica/shape-writer.ts";
import { fillOrders, testChannel, testOrder, testSortPlan } from "../test/support/station-bench.ts";
import { startChild, stopChild } from "./child.ts";
import { printLine, quantile } from "./statistics.ts";

/**
 * From the last reading sent on TCP to the divert request received, against a process that does one 8 KiB write
 * with fsync per message. Both are driven from here, one after the other, parcel by parcel.
 */
const parcels = Number(process.env["PARCELS"] ?? 1500);
const runs = Number(process.env["RUNS"] ?? 3);

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export async function benchHotPath(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "waystation-hot-"));
  const waiting = new Map<number, () => void>();
  const sorter = await startSorterTwin(
    { decisionMs: 5000, travelMs: 60, chutes: [3, 4, 98] },
    { onEvent: ({ event, parcelIndex }) => event === "command" && waiting.get(parcelIndex as number)?.() },
  );
  const dws = await startDwsTwin();
  prepareStation(dir, { sorter: sorter.connection, dws: dws.connection });
  const engine = await startChild([here("../engine/entry.ts"), join(dir, "engine.json")]);
  const limit = await startChild([here("./write-and-echo.ts"), join(dir, "limit.bin")]);
  const socket = await open(Number(limit.ready["port"]));
  await until(() => dws.state().clients === 1 && sorter.state().stationHeartbeat > 0);

  const ours: number[] = [];
  const theirs: number[] = [];
  for (let index = 1; index <= parcels * runs + 100; index += 1) {
    await sorter.control({ command: "induct", parcelIndex: index });
    await pause(12);
    const received = new Promise<void>((resolve) => waiting.set(index, resolve));
    const startedAt = performance.now();
    await dws.control({ command: "measure", index, code: `WS${String(index).padStart(10, "0")}`, weightGrams: 205, lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 });
    await received;
    const elapsed = performance.now() - startedAt;
    waiting.delete(index);
    await pause(3);
    const limitMs = await echo(socket);
    // The first hundred warm both up.
    if (index > 100) {
      ours.push(elapsed);
      theirs.push(limitMs);
    }
  }
  socket.destroy();
  await stopChild(engine.child);
  await stopChild(limit.child);
  await dws.stop();
  await sorter.stop();
  rmSync(dir, { recursive: true, force: true });
  printLine("hot-path-p50", quantile(ours, 0.5), "ms", quantile(theirs, 0.5), runs);
  printLine("hot-path-p99", quantile(ours, 0.99), "ms", quantile(theirs, 0.99), runs);
}

function prepareStation(dir: string, connections: { sorter: unknown; dws: unknown }): void {
  const replica = openReplica(join(dir, "orders.db"));
  prepareOrders(replica);
  const writer = createShapeWriter(replica);
  const position = { handle: "h", offset: "0_0" };
  writer.apply("channels", [{ operation: "insert", row: { code: "PKT", version: "3", body: JSON.stringify(testChannel) } }], position, true);
  writer.apply("sort_plans", [{ operation: "insert", row: { plan_id: "main", version: "7", body: JSON.stringify(testSortPlan) } }], position, true);
  fillOrders(writer, Array.from({ length: parcels * runs + 100 }, (_, index) => testOrder(index + 1)));
  replica.close();
  const window = { fromMs: 0, toMs: 5000 };
  const config = {
    version: 1,
    stationId: "bench",
    dataDir: dir,
    rejectChute: 99,
    devices: [
      { deviceId: "sorter", model: "modbus-sorter", connection: connections.sorter },
      { deviceId: "dws", model: "dws-delimited", connection: connections.dws },
    ],
    lanes: [
      {
        laneId: "belt",
        kind: "belt",
        steps: ["weigh", "measure", "divert"],
        devices: { sorter: "sorter", dimensioner: "dws" },
        decideWithinMs: 5000,
        divertWithinMs: 5000,
        windows: { scan: window, weight: window, size: window },
      },
    ],
  };
  writeFileSync(join(dir, "engine.json"), JSON.stringify(config));
}

const open = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });

function echo(socket: Socket): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    socket.once("data", () => resolve(performance.now() - startedAt));
    socket.write("twelve bytes");
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("the station did not connect to its devices");
    await pause(20);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchHotPath();
