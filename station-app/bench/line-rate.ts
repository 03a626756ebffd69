import { spawnSync } from "node:child_process";
import { startSorterTwin } from "@waystation/drivers/twins/sorter";
import { openGate, pause, until } from "./bench-station.ts";
import { stopChild } from "./child.ts";
import { startEngineChild } from "./engine-child.ts";
import { waybillOf, writeOrderFile } from "./order-file.ts";
import { printAgainstGoal, printValue, quantile } from "./statistics.ts";
import { withFolder } from "./with-folder.ts";

/**
 * 40,000 parcels an hour through the real engine, held to one core: every 90 ms a parcel comes onto the belt, passes
 * scanner, scale and dimensioner, and reaches its switch when twenty others follow. Each device is a line of its own; scanner
 * and scale know no index, so their readings bind by time. What counts: no parcel comes too late or falls to the wrong
 * chute, and how long it takes from the last reading to the divert request.
 */
const everyMs = 90;
const inFlight = 20;
const parcels = Number(process.env.PARCELS ?? 600);
/** From the trigger to each device, and to the switch. */
const places = { scanner: 60, scale: 150, dimensioner: 240, switch: inFlight * everyMs } as const;
/** A parcel is read by one device between its neighbours. */
const windowOf = (atMs: number) => ({ fromMs: Math.max(0, atMs - 45), toMs: atMs + 40 });
/** The only chute of these orders; anything else is a reject. */
const expectedChute = 3;

await withFolder(async (dir) => {
  writeOrderFile(dir, parcels);
  const sent = new Map<number, number>();
  const latencies: number[] = [];
  const ends = new Map<number, number>();
  const sorter = await startSorterTwin(
    { decisionMs: places.switch, travelMs: places.switch + 300, chutes: [3, 4, 98] },
    {
      onEvent: ({ event, parcelIndex, chute }) => {
        const sentAt = sent.get(Number(parcelIndex));
        if (event === "command" && sentAt !== undefined) latencies.push(performance.now() - sentAt);
        if (event === "confirm") ends.set(Number(parcelIndex), Number(chute));
      },
    },
  );
  const [scanner, scale, dimensioner] = await Promise.all([openGate(), openGate(), openGate()]);
  const devices = [
    { deviceId: "sorter", model: "modbus-sorter", connection: sorter.connection },
    { deviceId: "scanner", model: "serial-aim", connection: scanner.connection },
    {
      deviceId: "scale",
      model: "and-standard",
      connection: scale.connection,
      options: { question: null, isPerParcel: true },
    },
    {
      deviceId: "dimensioner",
      model: "dws-indexed",
      connection: dimensioner.connection,
      options: { fields: ["index", "length", "width", "height"] },
    },
  ];
  const lane = {
    laneId: "belt",
    kind: "belt",
    steps: ["weigh", "measure", "divert"],
    devices: { sorter: "sorter", scanner: "scanner", scale: "scale", dimensioner: "dimensioner" },
    decideWithinMs: 1000,
    divertWithinMs: places.switch,
    maxInFlight: 64,
    windows: {
      scan: windowOf(places.scanner),
      weight: windowOf(places.scale),
      size: windowOf(places.dimensioner),
    },
  };
  const config = { version: 1, stationId: "bench", dataDir: dir, rejectChute: 99, devices, lanes: [lane] };
  const engine = await startEngineChild(config);
  const pinned =
    spawnSync("taskset", ["-acp", "0", String(engine.child.pid)], { stdio: "ignore" }).status === 0;
  await until(
    () =>
      [scanner, scale, dimensioner].every(({ isConnected }) => isConnected()) &&
      sorter.state().stationHeartbeat > 0,
  );
  const startedAt = performance.now();
  const at = (momentMs: number, act: () => void) =>
    setTimeout(act, Math.max(0, startedAt + momentMs - performance.now()));
  for (let index = 1; index <= parcels; index += 1) {
    const base = index * everyMs;
    at(base, () => void sorter.control({ command: "induct", parcelIndex: index }));
    at(base + places.scanner, () => scanner.send(`]C0${waybillOf(index)}\r`));
    at(base + places.scale, () => scale.send("ST,+00000.205 kg\r\n"));
    at(base + places.dimensioner, () => {
      sent.set(index, performance.now());
      dimensioner.send(`${index},200,150,50\r\n`);
    });
  }
  await pause((parcels + inFlight) * everyMs + 1500);
  await stopChild(engine.child);
  for (const line of [scanner, scale, dimensioner]) line.stop();
  await sorter.stop();
  const right = [...ends.values()].filter((chute) => chute === expectedChute).length;
  printValue("line-rate.parcels-per-hour", `parcels/h${pinned ? ", engine on one core" : ""}`, [
    3_600_000 / everyMs,
  ]);
  printValue("line-rate.missed", "parcels", [parcels - right]);
  if (right < parcels)
    process.stderr.write(`missed: ${parcels - right} of ${parcels} parcels, the goal is none\n`);
  printValue("line-rate.p50", "ms", [quantile(latencies, 0.5)]);
  printAgainstGoal("line-rate.p99", "ms", [quantile(latencies, 0.99)], 50);
});
