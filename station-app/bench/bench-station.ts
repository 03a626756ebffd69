import { subscribe } from "node:diagnostics_channel";
import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startSorterTwin } from "@waystation/drivers/twins/sorter";
import { stopChild } from "./child.ts";
import { startEngineChild } from "./engine-child.ts";

export type BenchStation = Awaited<ReturnType<typeof startBenchStation>>;

export type StationExtras = {
  /** Barcode, weight and size in one telegram, or each from a device of its own, size last. */
  readonly readings?: "one" | "three";
  readonly env?: NodeJS.ProcessEnv;
  /** More of the engine's configuration, such as its cloud or its screen. */
  readonly config?: Readonly<Record<string, unknown>>;
};

/** Far more than a parcel ever takes; beyond it the benchmark is broken, not slow. */
const deadlineMs = 30_000;

/**
 * The real engine as a process of its own in `dir`, where orders.db already lies, with a belt: a gate that sends
 * barcode, weight and size in one telegram, and a sorter. Facts begin anew.
 */
export async function startBenchStation(dir: string, extras: StationExtras = {}) {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(join(dir, `facts.db${suffix}`), { force: true });
  const commanded = new Map<number, (receivedAt: number) => void>();
  const arrivals = watchArrivals();
  const sorter = await startSorterTwin(
    // A parcel waits for its command on a machine that stands still for a moment.
    { decisionMs: 20_000, travelMs: 20_500, arriveAfterAssignMs: 290, chutes: [3, 4, 98] },
    {
      onEvent: ({ event, parcelIndex }) =>
        event === "command" && commanded.get(parcelIndex as number)?.(arrivals.last()),
    },
  );
  const gates = await openGates(extras.readings ?? "one");
  const startedAt = performance.now();
  const engine = await startEngineChild(
    { dataDir: dir, ...describeBelt(sorter.connection, gates.devices), ...extras.config },
    extras.env,
  );
  await until(() => gates.isConnected() && sorter.state().stationHeartbeat > 0);

  /** A parcel comes onto the belt; done when the station has acknowledged that it knows. */
  async function induct(parcelIndex: number): Promise<void> {
    await sorter.control({ command: "induct", parcelIndex });
    await until(() => sorter.state().acknowledged === sorter.state().lastEventSequence);
  }

  /** Milliseconds from the last reading's bytes to the divert request's bytes at the sorter. */
  async function measure(parcelIndex: number, waybill: string): Promise<number> {
    await gates.sendFirst(parcelIndex, waybill);
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(
        () => reject(new Error(`parcel ${parcelIndex} was never diverted`)),
        deadlineMs,
      );
      let sentAt = 0;
      commanded.set(parcelIndex, (receivedAt) => {
        commanded.delete(parcelIndex);
        clearTimeout(tooLate);
        resolve(receivedAt - sentAt);
      });
      sentAt = performance.now();
      gates.sendLast(parcelIndex, waybill);
    });
  }

  return {
    child: engine.child,
    url: engine.ready.url,
    /** When the process was started, on this process's monotonic clock. */
    startedAt,
    induct,
    measure,
    stop: async () => {
      await stopChild(engine.child);
      gates.stop();
      await sorter.stop();
    },
  };
}

/** When bytes last came in on a connection to this process: what its twins then make of them is not the station's time. */
function watchArrivals() {
  let lastAt = 0;
  subscribe("net.server.socket", (message) => {
    const { socket } = message as { readonly socket: Socket };
    socket.prependListener("data", () => {
      lastAt = performance.now();
    });
  });
  return { last: () => lastAt };
}

/** A device that only sends: its bytes are written as they stand, so that nothing of ours is inside the measured time. */
export async function openGate() {
  let station: Socket | undefined;
  const server = createServer({ noDelay: true }, (socket) => {
    station = socket;
    socket.on("error", () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    connection: { type: "tcp", host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    isConnected: () => station !== undefined,
    send: (text: string) => void station?.write(text),
    stop: () => {
      station?.destroy();
      server.close();
    },
  };
}

type Gates = {
  /** What the configuration says of them, by their part in the lane. */
  readonly devices: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly isConnected: () => boolean;
  readonly sendFirst: (parcelIndex: number, waybill: string) => Promise<void>;
  readonly sendLast: (parcelIndex: number, waybill: string) => void;
  readonly stop: () => void;
};

/** Between two readings of a parcel, longer than a processor remembers. */
const betweenReadingsMs = 8;

async function openGates(readings: "one" | "three"): Promise<Gates> {
  if (readings === "one") {
    const { connection, isConnected, send, stop } = await openGate();
    return {
      devices: { dimensioner: { model: "dws-indexed", connection } },
      isConnected,
      sendFirst: async () => undefined,
      sendLast: (parcelIndex, waybill) => send(`${parcelIndex},${waybill},205,200,150,50,0\r\n`),
      stop,
    };
  }
  const [scanner, scale, dimensioner] = await Promise.all([openGate(), openGate(), openGate()]);
  const lines = [scanner, scale, dimensioner];
  return {
    devices: {
      scanner: { model: "serial-aim", connection: scanner.connection },
      scale: {
        model: "and-standard",
        connection: scale.connection,
        options: { question: null, isPerParcel: true },
      },
      dimensioner: {
        model: "dws-indexed",
        connection: dimensioner.connection,
        options: { fields: ["index", "length", "width", "height"] },
      },
    },
    isConnected: () => lines.every((line) => line.isConnected()),
    sendFirst: async (_parcelIndex, waybill) => {
      scanner.send(`]C0${waybill}\r`);
      await pause(betweenReadingsMs);
      scale.send("ST,+00000.205 kg\r\n");
      await pause(betweenReadingsMs);
    },
    sendLast: (parcelIndex) => dimensioner.send(`${parcelIndex},200,150,50\r\n`),
    stop: () => {
      for (const line of lines) line.stop();
    },
  };
}

function describeBelt(sorter: unknown, gates: Gates["devices"]): Record<string, unknown> {
  const window = { fromMs: 0, toMs: 20_000 };
  return {
    version: 1,
    stationId: "bench",
    rejectChute: 99,
    devices: [
      { deviceId: "sorter", model: "modbus-sorter", connection: sorter },
      ...Object.entries(gates).map(([deviceId, device]) => ({ deviceId, ...device })),
    ],
    lanes: [
      {
        laneId: "belt",
        kind: "belt",
        steps: ["weigh", "measure", "divert"],
        devices: Object.fromEntries(["sorter", ...Object.keys(gates)].map((part) => [part, part])),
        decideWithinMs: 20_000,
        divertWithinMs: 20_000,
        maxInFlight: 256,
        windows: { scan: window, weight: window, size: window },
      },
    ],
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("what the benchmark waits for did not come");
    await pause(2);
  }
}
