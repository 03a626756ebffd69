import { indexedGate } from "@waystation/drivers/twins/dws";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FactName } from "@waystation/shared/facts/catalog";
import type { Order, Shipment } from "@waystation/shared/model/order";
import type { LaneView, ParcelView, StationView } from "@waystation/shared/session/view";
import { expect } from "vitest";
import type { z } from "zod";
import { readStatus } from "../../cli/ask-station.ts";
import { type engineConfigSchema, parseEngineConfig } from "../../engine/config/engine-config.ts";
import { openReplica } from "../../engine/core/open-database.ts";
import { verifyFacts } from "../../engine/core/verify-log.ts";
import { prepareOrders } from "../../engine/replica/orders-schema.ts";
import { createShapeWriter } from "../../engine/replica/shape-writer.ts";
import { connectStation } from "../../renderer/app/station-client.ts";
import { startChild, waitUntil } from "../durability/child-process.ts";
import { factsNamed, readLog } from "../durability/read-log.ts";
import { startTwinProcess, type TwinProcess } from "../durability/twin-process.ts";
import { fillOrders, testChannel, testOrder } from "../support/station-bench.ts";

/** A whole station as it runs on a site: the real engine and a twin for every device, each a process of its own. */

type ConfigInput = z.input<typeof engineConfigSchema>;
type LaneConfig = ConfigInput["lanes"][number];
export type LaneInput = Readonly<Omit<LaneConfig, "steps">> & {
  readonly steps: Readonly<LaneConfig["steps"]>;
};
export type DevicePlan = {
  readonly family: string;
  readonly model: string;
  readonly twin?: Readonly<Record<string, unknown>>;
  readonly driver?: Readonly<Record<string, unknown>>;
};
export type StationPlan<DeviceId extends string> = {
  readonly devices: Readonly<Record<DeviceId, DevicePlan>>;
  readonly lanes: readonly LaneInput[];
  readonly orders?: readonly OrderPlan[];
  readonly config?: Partial<ConfigInput>;
  /** Before the engine starts, in its data folder. */
  readonly prepare?: (folder: string) => void;
};
export type OrderPlan = { readonly order: Order; readonly label: Shipment["label"] };
export type StationUnderTest<DeviceId extends string = string> = Awaited<
  ReturnType<typeof openStation<DeviceId>>
>;

export const rejectChute = 99;
export const screenToken = "scenario-test-token";
const stationId = "station-1";

/** Every order has a postcode of its own, and neighbours never share a chute: a mixed-up parcel is seen at the sorter. */
export const chuteOf = (number: number): number => 1 + (number % 9);
export const waybillOf = (number: number): string => testOrder(number).waybill;
export const orderIdOf = (number: number): string => testOrder(number).orderId;
const postcodeOf = (number: number): string => String(10_000 + number);

/** Its label bears its id and nothing else, so that whoever got it can be told from the bytes. */
export function planOrder(number: number, changes: Partial<Order> = {}): OrderPlan {
  const { consignee } = testOrder(number);
  const order = testOrder(number, { consignee: { ...consignee, postcode: postcodeOf(number) }, ...changes });
  const text = `^XA^FO20,20^A0N,30,30^FD${order.orderId}^FS^XZ`;
  return { order, label: { kind: "zpl", base64: Buffer.from(text).toString("base64") } };
}
export const planOrders = (count: number): OrderPlan[] =>
  Array.from({ length: count }, (_, at) => planOrder(at + 1));

export const devices = {
  gate: { family: "dws-delimited", model: "dws-indexed", twin: indexedGate },
  /** Its belt waits for the orders: a busy machine makes it slow and nothing else. */
  sorter: {
    family: "modbus",
    model: "modbus-sorter",
    twin: { rejectChute, decisionMs: 60_000, travelMs: 60_500, arriveAfterAssignMs: 20 },
  },
  printer: {
    family: "zpl",
    model: "zebra-zt411",
    twin: { printTimeMs: 20 },
    driver: { pollMs: 20, silenceMs: 500 },
  },
  scanner: { family: "serial-aim", model: "serial-aim", twin: { line: "tcp" } },
  scale: { family: "mt-sics", model: "mt-sics", twin: { line: "tcp" } },
} as const satisfies Record<string, DevicePlan>;

const anyTime = { fromMs: 0, toMs: 60_000 };
export const beltLane = {
  laneId: "belt",
  kind: "belt",
  steps: ["weigh", "measure", "label", "divert"],
  devices: { dimensioner: "gate", sorter: "sorter", printer: "printer" },
  decideWithinMs: 20_000,
  labelWithinMs: 20_000,
  divertWithinMs: 60_000,
  confirmWithinMs: 20_000,
  windows: { scan: anyTime, weight: anyTime, size: anyTime },
} as const satisfies LaneInput;
export const benchLane = {
  laneId: "bench",
  kind: "bench",
  steps: ["weigh", "label"],
  devices: { scanner: "scanner", scale: "scale", printer: "printer" },
  weighAgainMs: 200,
} as const satisfies LaneInput;

/** Plays on a fresh station. Whatever is played, afterwards the log verifies and no device did anything twice. */
export async function onStation<DeviceId extends string>(
  plan: StationPlan<DeviceId>,
  play: (station: StationUnderTest<DeviceId>) => Promise<void>,
): Promise<void> {
  // Everything started is ended, also when the start itself fails halfway.
  await using resources = new AsyncDisposableStack();
  const station = await openStation(plan, resources);
  await play(station);
  expect(await station.stop()).toBe("exit 0");
  expect(verifyFacts(station.factsPath)).toMatchObject({ ok: true });
  await expectNothingTwice(station);
}

async function openStation<DeviceId extends string>(
  plan: StationPlan<DeviceId>,
  resources: AsyncDisposableStack,
) {
  const folder = mkdtempSync(join(tmpdir(), "waystation-scenario-"));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  const factsPath = join(folder, "facts.db");
  const orders = plan.orders ?? planOrders(9);
  fillStation(folder, orders);
  plan.prepare?.(folder);
  const twins = await startTwins(plan, folder, resources);
  const configPath = join(folder, "engine.json");
  writeFileSync(configPath, JSON.stringify(configure(plan, folder, twins)));
  const engine = startEngine(configPath);
  resources.defer(async () => {
    engine.kill();
    await engine.ended;
  });
  const url = await engine.url;
  const client = connectStation({ kind: "socket", origin: url, token: screenToken });
  resources.defer(client.close);

  const view = (): StationView => {
    const { view: seen } = client.getState();
    if (seen === null) throw new Error("no view yet");
    return seen;
  };
  const lane = (laneId: string): LaneView => {
    const found = view().lanes.find((other) => other.laneId === laneId);
    if (found === undefined) throw new Error(`no lane ${laneId}`);
    return found;
  };
  const facts = () => readLog(factsPath).facts;
  const until = (condition: () => boolean, what: string, timeoutMs = 30_000): Promise<void> =>
    waitUntil(
      condition,
      () => `${what}: ${JSON.stringify(view())} ${JSON.stringify(facts().slice(-12))}`,
      timeoutMs,
    );

  await waitUntil(() => client.getState().view !== null, "the first view");
  await until(() => view().devices.every(({ state }) => state === "ready"), "every device to be ready");
  return {
    folder,
    factsPath,
    orders,
    twins,
    client,
    pid: engine.pid,
    view,
    lane,
    device(deviceId: DeviceId) {
      return view().devices.find((other) => other.deviceId === deviceId);
    },
    facts,
    until,
    /** What the device's own family was told; the words are in drivers/README.md. */
    tell(deviceId: DeviceId, command: string, details: Readonly<Record<string, unknown>> = {}) {
      return twins[deviceId].ask({ command, ...details });
    },
    inFlight: (laneId: string, find: (parcel: ParcelView) => boolean): boolean =>
      lane(laneId).parcels.some(find),
    /** The newest parcel of this barcode that ended, as the screen shows it. */
    ended: (laneId: string, barcode: string): ParcelView | undefined =>
      lane(laneId).recent.find((parcel) => parcel.barcode === barcode),
    status: async () => {
      const status = await readStatus({ url, token: screenToken });
      if (!status.ok) throw new Error(JSON.stringify(status.failure));
      return status.value;
    },
    stop: (): Promise<string> => {
      client.close();
      engine.terminate();
      return engine.ended;
    },
    /** Off and on again at the same address: what the device remembered is gone. */
    async restartTwin(deviceId: DeviceId): Promise<void> {
      const { family, twin } = plan.devices[deviceId];
      const { port, terminate, ended } = twins[deviceId];
      terminate();
      await ended;
      twins[deviceId] = await startTwin(family, { ...twin, port }, resources);
    },
  };
}

function startEngine(configPath: string) {
  const url = Promise.withResolvers<string>();
  const child = startChild(new URL("../../engine/entry.ts", import.meta.url), configPath, {
    onLine: (line) => url.resolve(new URL(String(line.url)).origin),
  });
  void child.ended.then((how) => url.reject(new Error(`the engine ended (${how}): ${child.stderr()}`)));
  return { ...child, url: url.promise };
}

function fillStation(folder: string, orders: readonly OrderPlan[]): void {
  const replica = openReplica(join(folder, "orders.db"));
  prepareOrders(replica);
  const writer = createShapeWriter(replica);
  const at = { handle: "h-1", offset: "0_1" };
  const insert = (row: Record<string, string>) => [{ operation: "insert" as const, row }];
  writer.apply(
    "channels",
    insert({ code: "PKT", version: "3", body: JSON.stringify(testChannel) }),
    at,
    true,
  );
  const rows = orders.map((_, at) => ({
    priority: at,
    postcodePrefix: postcodeOf(at + 1),
    chute: chuteOf(at + 1),
  }));
  const plan = JSON.stringify({ planId: "main", version: 7, rows, rejectChute });
  writer.apply("sort_plans", insert({ plan_id: "main", version: "7", body: plan }), at, true);
  for (const { order, label } of orders) fillOrders(writer, [order], label);
  replica.close();
}

async function startTwins<DeviceId extends string>(
  { devices }: StationPlan<DeviceId>,
  folder: string,
  resources: AsyncDisposableStack,
) {
  const starts = (Object.entries(devices) as [DeviceId, DevicePlan][]).map(
    async ([deviceId, { family, twin }]) => {
      const path = isSerial(twin) ? { path: serialPath(folder, deviceId) } : {};
      return [deviceId, await startTwin(family, { ...twin, ...path }, resources)] as const;
    },
  );
  return Object.fromEntries(await Promise.all(starts)) as Record<DeviceId, TwinProcess>;
}

async function startTwin(
  family: string,
  options: Readonly<Record<string, unknown>>,
  resources: AsyncDisposableStack,
): Promise<TwinProcess> {
  const twin = await startTwinProcess(family, options);
  resources.defer(async () => {
    twin.terminate();
    await twin.ended;
  });
  return twin;
}

const isSerial = (twin: DevicePlan["twin"]): boolean => twin?.line === "serial";
export const serialPath = (folder: string, deviceId: string): string => join(folder, `tty-${deviceId}`);

function configure<DeviceId extends string>(
  plan: StationPlan<DeviceId>,
  folder: string,
  twins: Record<DeviceId, TwinProcess>,
) {
  const bound = (Object.entries(plan.devices) as [DeviceId, DevicePlan][]).map(
    ([deviceId, { model, twin, driver }]) => {
      const tcp = { type: "tcp", host: "127.0.0.1", port: twins[deviceId].port };
      const connection = isSerial(twin) ? { type: "serial", path: serialPath(folder, deviceId) } : tcp;
      return { deviceId, model, connection, options: driver ?? {} };
    },
  );
  const config = {
    version: 1,
    stationId,
    dataDir: folder,
    screen: { port: 0, token: screenToken, staticDir: folder },
    lanes: plan.lanes,
    devices: bound,
    rejectChute,
    ...plan.config,
  };
  const parsed = parseEngineConfig(config);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
  return config;
}

export type SorterState = {
  readonly commands: Readonly<Record<number, number>>;
  readonly confirmed: Readonly<Record<number, number>>;
};
/** Where the parcels really went, by their index. */
export const readSorter = async (sorter: TwinProcess): Promise<SorterState> =>
  (await sorter.ask({ command: "state" })).state as SorterState;

export type PrinterState = {
  readonly labelsPrinted: number;
  readonly jobs: readonly { readonly sha256: string; readonly bytes: number }[];
};
export const readPrinter = async (printer: TwinProcess): Promise<PrinterState> =>
  (await printer.ask({ command: "state" })).state as PrinterState;

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The orders whose label the printer got, in its order. Bytes that are nobody's label fail the test. */
export async function readLabels(
  { orders }: Pick<StationUnderTest, "orders">,
  printer: TwinProcess,
): Promise<string[]> {
  const known = new Map(
    orders.flatMap(({ order, label }) =>
      "base64" in label ? [[hashOf(Buffer.from(label.base64, "base64")), order.orderId] as const] : [],
    ),
  );
  return (await readPrinter(printer)).jobs.map(
    ({ sha256, bytes }) => known.get(sha256) ?? `unknown label of ${bytes} bytes`,
  );
}

async function expectNothingTwice(station: StationUnderTest): Promise<void> {
  for (const twin of Object.values(station.twins)) {
    const state = (await twin.ask({ command: "state" })).state as Partial<SorterState & PrinterState>;
    for (const [index, count] of Object.entries(state.commands ?? {}))
      expect(`${index}: ${count}`).toBe(`${index}: 1`);
    const labels = (state.jobs ?? []).map(({ sha256 }) => sha256);
    expect(labels).toEqual([...new Set(labels)]);
  }
}

/** What one parcel's facts say, oldest first; found by a barcode that was read from it. */
export function factNamesOf(station: Pick<StationUnderTest, "facts">, barcode: string): FactName[] {
  const facts = station.facts();
  const owners = new Set(
    factsNamed(facts, "parcel.scanned.v1").flatMap(({ payload, parcelId }) =>
      payload.data === barcode ? [parcelId] : [],
    ),
  );
  return facts.filter(({ parcelId }) => owners.has(parcelId)).map(({ name }) => name as FactName);
}

export const measures = {
  weightGrams: 210,
  lengthMillimetres: 200,
  widthMillimetres: 150,
  heightMillimetres: 50,
};

type Belt = StationUnderTest<"gate" | "sorter">;
/** Through the light barrier; the engine knows of it when this returns. */
export async function induct(station: Belt, ...indexes: number[]): Promise<void> {
  for (const parcelIndex of indexes) await station.tell("sorter", "induct", { parcelIndex });
  const seen = () =>
    factsNamed(station.facts(), "parcel.inducted.v1").map(({ payload }) => payload.parcelIndex);
  await station.until(
    () => indexes.every((index) => seen().includes(index)),
    `${indexes.join(", ")} to be inducted`,
  );
}
/** Through the gate, with the barcode of the order of the same number. */
export const measure = (station: Belt, index: number, code: string = waybillOf(index)) =>
  station.tell("gate", "measure", { index, code, ...measures });

export async function untilEnded(
  station: StationUnderTest,
  laneId: string,
  barcode: string,
): Promise<ParcelView> {
  await station.until(() => station.ended(laneId, barcode) !== undefined, `${barcode} to end`);
  const parcel = station.ended(laneId, barcode);
  if (parcel === undefined) throw new Error(`${barcode} is gone from the view`);
  return parcel;
}

export const reasonsOf = (parcel: ParcelView | undefined): string[] =>
  (parcel?.reasons ?? []).map(({ code }) => code);
