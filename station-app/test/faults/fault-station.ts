import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StationView } from "@waystation/shared/session/view";
import type { z } from "zod";
import { readStatus } from "../../cli/ask-station.ts";
import { type engineConfigSchema, parseEngineConfig } from "../../engine/config/engine-config.ts";
import { openReadOnly } from "../../engine/core/open-database.ts";
import { locateOrders } from "../../engine/replica/order-files.ts";
import { openStore } from "../../engine/core/store.ts";
import { waitUntil } from "../durability/child-process.ts";
import { readLog } from "../durability/read-log.ts";
import {
  beltLane,
  devices,
  measures,
  readPrinter,
  readSorter,
  rejectChute,
  screenToken,
  waybillOf,
} from "../scenarios/station-under-test.ts";
import { end, type Launched, launch } from "./launch.ts";
import { type LaunchedTwin, launchTwin } from "./launch-twin.ts";

export const stationId = "station-1";
const entry = new URL("../../engine/entry.ts", import.meta.url);
/** A belt that waits for its orders, or one that moves whether or not somebody decides. */
const sorterTwins = {
  patient: devices.sorter.twin,
  moving: { rejectChute, decisionMs: 3000, travelMs: 3500, arriveAfterAssignMs: 20 },
} as const;

type ConfigInput = z.input<typeof engineConfigSchema>;
export type StationPlan = {
  readonly folder: string;
  readonly cloud: { readonly url: string; readonly keyFile: string };
  readonly belt?: keyof typeof sorterTwins;
  readonly within?: readonly string[];
  readonly config?: Partial<ConfigInput>;
};
export type FaultStation = Awaited<ReturnType<typeof openFaultStation>>;

/** Facts of the days before, so many that their draining takes many batches. */
export function recordOlderFacts(folder: string, count: number): void {
  const store = openStore(join(folder, "facts.db"), stationId);
  const actor = { kind: "operator", id: "op-1" } as const;
  const fact = { name: "lane.resumed.v1", lane: "belt", parcelId: null, actor, payload: {} } as const;
  for (let recorded = 0; recorded < count; recorded += 500)
    store.commit(Array.from({ length: Math.min(500, count - recorded) }, () => fact));
  store.close();
}

/** A belt with gate, sorter and printer as processes of their own, and the real engine, started as often as wanted. */
export async function openFaultStation(resources: AsyncDisposableStack, plan: StationPlan) {
  const { folder, belt = "patient" } = plan;
  const factsPath = join(folder, "facts.db");
  const twins = await startTwins(resources, sorterTwins[belt], plan.within);
  writeFileSync(join(folder, "engine.json"), JSON.stringify(configure(plan, twins)));
  const engine = runEngine(resources, plan, () => hasDevices(twins));
  const { process } = engine;
  const sent = new Set<number>();

  const until = (condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 60_000) =>
    waitUntil(
      condition,
      () =>
        `${what}: ${JSON.stringify(readLog(factsPath).facts.slice(-8))} ${process().words().slice(-2000)}`,
      timeoutMs,
    );
  const induct = async (index: number): Promise<void> => {
    sent.add(index);
    await twins.sorter.ask({ command: "induct", parcelIndex: index });
  };
  const measure = (index: number) =>
    twins.gate.ask({ command: "measure", index, code: waybillOf(index), ...measures });
  const outcomes = () => readOutcomes(factsPath);

  return {
    folder,
    factsPath,
    ordersPath: (): string | null => {
      const path = locateOrders(join(folder, "orders.db"));
      return existsSync(path) ? path : null;
    },
    twins,
    start: engine.start,
    process,
    until,
    induct,
    measure,
    /** By parcel index; null while the parcel is under way. */
    outcomes,
    /** Of the parcels sent, those that have not ended. */
    underWay: (): number => {
      const known = outcomes();
      return [...sent].filter((index) => (known.get(index) ?? null) === null).length;
    },
    accepted: (): number => [...outcomes().values()].filter((outcome) => outcome === "accepted").length,
    /** Through light barrier and gate to the end of its way. */
    async send(index: number, timeoutMs?: number): Promise<void> {
      await induct(index);
      await until(() => outcomes().has(index), `parcel ${index} to be inducted`, timeoutMs);
      await measure(index);
    },
    sent: (): ReadonlySet<number> => sent,
    facts: () => readLog(factsPath).facts,
    /** Read from the file: true whatever the process does. */
    position: () => readPosition(factsPath),
    view: async (): Promise<StationView> => {
      const status = await readStatus({ url: engine.url(), token: screenToken });
      if (!status.ok) throw new Error(JSON.stringify(status.failure));
      return status.value.view;
    },
    visibleOrders: (): number => countOrders(locateOrders(join(folder, "orders.db"))),
    sorterState: () => readSorter(twins.sorter),
    printerState: () => readPrinter(twins.printer),
    kill: () => end(process()),
    stop: async (): Promise<string> => {
      process().signal("SIGTERM");
      return process().ended;
    },
  };
}

/** One engine after the other, on the same files. */
function runEngine(
  resources: AsyncDisposableStack,
  { folder, within }: StationPlan,
  isReady: () => Promise<boolean>,
) {
  let running: Launched | null = null;
  let url = "";
  resources.defer(async () => {
    if (running !== null) await end(running);
  });
  return {
    url: (): string => url,
    start: async (): Promise<void> => {
      const ready = Promise.withResolvers<string>();
      const started = launch(entry, [join(folder, "engine.json")], {
        ...(within === undefined ? {} : { within }),
        onLine: (line) => ready.resolve(String(line.url)),
      });
      running = started;
      void started.ended.then((how) =>
        ready.reject(new Error(`the engine ended (${how}): ${started.words()}`)),
      );
      url = await ready.promise;
      await waitUntil(isReady, "the engine to reach its devices");
    },
    process: (): Launched => {
      if (running === null) throw new Error("the engine was never started");
      return running;
    },
  };
}

type Twins = Readonly<Record<"gate" | "sorter" | "printer", LaunchedTwin>>;

async function startTwins(
  resources: AsyncDisposableStack,
  sorterOptions: Readonly<Record<string, unknown>>,
  within: StationPlan["within"],
): Promise<Twins> {
  const start = async (family: string, options: Readonly<Record<string, unknown>>): Promise<LaunchedTwin> => {
    const twin = await launchTwin(family, options, within === undefined ? {} : { within });
    resources.defer(() => end(twin.process));
    return twin;
  };
  const [gate, sorter, printer] = await Promise.all([
    start(devices.gate.family, devices.gate.twin),
    start(devices.sorter.family, sorterOptions),
    start(devices.printer.family, devices.printer.twin),
  ]);
  return { gate, sorter, printer };
}

/** By the twins' own word: the station may sit in a network where nobody can ask it. */
async function hasDevices({ gate, sorter }: Twins): Promise<boolean> {
  const { clients } = (await gate.ask({ command: "state" })).state as { clients: number };
  const before = await readHeartbeat(sorter);
  await new Promise((resolve) => setTimeout(resolve, 60));
  return clients > 0 && (await readHeartbeat(sorter)) !== before;
}

const readHeartbeat = async (sorter: LaunchedTwin): Promise<number> =>
  ((await sorter.ask({ command: "state" })).state as { stationHeartbeat: number }).stationHeartbeat;

function configure({ folder, cloud, belt, config }: StationPlan, twins: Twins): ConfigInput {
  const moving = { decideWithinMs: 2500, labelWithinMs: 2000, divertWithinMs: 3000, confirmWithinMs: 8000 };
  const tcp = (deviceId: keyof Twins, driver = {}) => ({
    deviceId,
    model: devices[deviceId].model,
    connection: { type: "tcp" as const, host: "127.0.0.1", port: twins[deviceId].port },
    options: driver,
  });
  const input: ConfigInput = {
    version: 1,
    stationId,
    dataDir: folder,
    cloud,
    screen: { port: 0, token: screenToken, staticDir: folder },
    lanes: [
      { ...beltLane, steps: [...beltLane.steps], decideWithinMs: 5000, ...(belt === "moving" ? moving : {}) },
    ],
    devices: [tcp("gate"), tcp("sorter"), tcp("printer", devices.printer.driver)],
    disk: { warnBelowMegabytes: 0, refuseBelowMegabytes: 0 },
    rejectChute,
    ...config,
  };
  const parsed = parseEngineConfig(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
  return input;
}

/** Nothing while the file or its tables are not there yet. */
function readOutcomes(factsPath: string): ReadonlyMap<number, string | null> {
  if (!existsSync(factsPath)) return new Map();
  const db = openReadOnly(factsPath);
  try {
    const rows = db.prepare("SELECT parcel_index AS parcelIndex, outcome FROM parcels").all() as {
      parcelIndex: number;
      outcome: string | null;
    }[];
    return new Map(rows.map(({ parcelIndex, outcome }) => [parcelIndex, outcome]));
  } finally {
    db.close();
  }
}

export type LogPosition = {
  readonly logId: string;
  readonly recorded: number;
  readonly acknowledged: number;
};

function readPosition(factsPath: string): LogPosition {
  const db = openReadOnly(factsPath);
  try {
    const log = db
      .prepare(
        "SELECT log_id AS logId, acknowledged_through AS acknowledged, (SELECT coalesce(max(sequence), 0) FROM facts) AS recorded FROM log",
      )
      .get();
    return log as LogPosition;
  } finally {
    db.close();
  }
}

function countOrders(path: string): number {
  if (!existsSync(path)) return 0;
  const db = openReadOnly(path);
  try {
    return Number(db.prepare("SELECT count(*) FROM orders").pluck().get());
  } catch {
    return 0;
  } finally {
    db.close();
  }
}
