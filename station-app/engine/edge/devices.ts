import { join } from "node:path";
import { connectDevice } from "@waystation/drivers/connect-device";
import type { AnyDevice, DeviceState, Printer, Scale, Sorter } from "@waystation/drivers/kit/device";
import { findLabelLanguage, type LabelLanguage } from "@waystation/drivers/printers/language";
import { findDefinition } from "@waystation/drivers/registry";
import type { UserDefinitions } from "@waystation/drivers/user-definitions";
import type { Transport } from "@waystation/drivers/transport/transport";
import { assert } from "@waystation/shared/failures/assert";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import type { SessionEvent } from "@waystation/shared/session/events";
import type { UpkeepView } from "@waystation/shared/session/upkeep";
import type { DeviceView } from "@waystation/shared/session/view";
import type { EngineConfig } from "../config/engine-config.ts";
import { epochMs } from "../config/epoch-clock.ts";
import { loadDefinitions } from "../config/load-definitions.ts";
import { createReadingRehearsal, type ReadingRehearsal } from "./rehearsal.ts";

export type DeviceEvents = {
  readonly onEvent: (laneId: string, event: SessionEvent, atMs: number) => void;
  readonly onPrinter: (printerId: string, ready: boolean, odometer: number | null | undefined) => void;
  readonly onView: (view: DeviceView) => void;
  /** Everything a sorter said up to this number has been handed on. */
  readonly onMark: (deviceId: string, sequence: number) => void;
  readonly upkeepOf: (deviceId: string) => UpkeepView | undefined;
  /** Around every write to a device; only the kill tests look. */
  readonly onWrite: (point: "before-write" | "after-write") => void;
};

export type Devices = {
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  readonly views: () => DeviceView[];
  readonly scale: (deviceId: string) => Scale;
  readonly printer: (deviceId: string) => Printer;
  /** What the labels for this printer have to be written in. */
  readonly labelLanguage: (deviceId: string) => LabelLanguage;
  /** Tells the core whether the printer can take a job and where its counter stands; needed after a job that went wrong. */
  readonly announcePrinter: (deviceId: string) => void;
  readonly sorter: (deviceId: string) => Sorter;
  /** Reads what a device of a belt said last once more, for nobody; see rehearsal.ts. */
  readonly rehearseReading: (deviceId: string) => void;
  /** As the screen shows it now. */
  readonly view: (deviceId: string) => DeviceView;
};

/** A line of the simulator's in place of the configured one. */
export type OpenLine = (deviceId: string) => Transport;

const odometerTimeoutMs = 3000;

/** Builds every configured device and turns what it says into lane events; nothing is opened before start(). */
export function createDevices(
  config: EngineConfig,
  events: DeviceEvents,
  openLine?: OpenLine,
): Result<Devices> {
  const lanesOf = indexLanes(config);
  const onBelts = new Set(
    config.lanes.flatMap((lane) => (lane.kind === "belt" ? Object.values(lane.devices) : [])),
  );
  const rehearsals = new Map<string, ReadingRehearsal>();
  const devices = new Map<string, AnyDevice>();
  const { definitions, refused } = loadDefinitions(config.definitionsDir ?? join(config.dataDir, "devices"));

  function onReading(deviceId: string, reading: Reading): void {
    const event = toEvent(deviceId, reading);
    const atMs = epochMs();
    if (event !== null) for (const laneId of lanesOf.get(deviceId) ?? []) events.onEvent(laneId, event, atMs);
    if (reading.kind === "sorter" && reading.sequence !== undefined)
      events.onMark(deviceId, reading.sequence);
  }

  function onState(deviceId: string, state: DeviceState): void {
    const device = devices.get(deviceId);
    if (device === undefined) return;
    events.onView(viewDevice(config, device, state, events.upkeepOf(deviceId)));
    if (device.kind === "printer") void announcePrinter(device, state);
  }

  /** The odometer read when a printer comes back is what the next intent records. */
  async function announcePrinter(printer: Printer, state: DeviceState): Promise<void> {
    if (state.state !== "ready") return events.onPrinter(printer.id, false, undefined);
    const read = await printer.readOdometer(odometerTimeoutMs);
    // Busy with a job: its outcome will bring the odometer. Else nobody knows it.
    const isBusy = !read.ok && read.failure.code === "device.queue-full";
    const odometer = read.ok ? read.value : isBusy ? undefined : null;
    events.onPrinter(printer.id, printer.state().state === "ready", odometer);
  }

  for (const binding of config.devices) {
    const { deviceId } = binding;
    const rehearsal =
      config.rehearseEveryMs > 0 && onBelts.has(deviceId)
        ? createReadingRehearsal(binding, definitions)
        : null;
    if (rehearsal !== null) rehearsals.set(deviceId, rehearsal);
    const deps = {
      onWrite: events.onWrite,
      userDefinitions: definitions,
      ...(rehearsal === null ? {} : { onRead: rehearsal.hear }),
      ...(openLine === undefined ? {} : { createTransport: () => openLine(deviceId) }),
    };
    const device = connectDevice(keepUntilDurable(binding, definitions), { onReading, onState }, deps);
    if (!device.ok) return withRefused(device, refused);
    devices.set(deviceId, device.value);
  }

  const misplaced = findMisplaced(config, devices);
  if (misplaced !== null) return fail("config.invalid", { reason: misplaced });

  const find = <K extends AnyDevice["kind"]>(deviceId: string, kind: K): Extract<AnyDevice, { kind: K }> => {
    const device = devices.get(deviceId);
    assert(device?.kind === kind, `${deviceId} is a ${kind}`);
    return device as Extract<AnyDevice, { kind: K }>;
  };

  const view = (deviceId: string): DeviceView => {
    const device = devices.get(deviceId);
    assert(device !== undefined, `${deviceId} is a device`);
    return viewDevice(config, device, device.state(), events.upkeepOf(deviceId));
  };

  return succeed({
    start: () => {
      for (const device of devices.values()) device.start();
    },
    stop: async () => {
      await Promise.all([...devices.values()].map((device) => device.stop()));
    },
    views: () => [...devices.keys()].map(view),
    view,
    scale: (deviceId) => find(deviceId, "scale"),
    printer: (deviceId) => find(deviceId, "printer"),
    labelLanguage: (deviceId) => {
      const binding = config.devices.find((other) => other.deviceId === deviceId);
      const model = binding?.model ?? "";
      const family = (findDefinition(model) ?? definitions.get(model))?.familyName ?? "";
      return findLabelLanguage(family, binding?.options ?? {});
    },
    announcePrinter: (deviceId) => {
      const printer = find(deviceId, "printer");
      void announcePrinter(printer, printer.state());
    },
    sorter: (deviceId) => find(deviceId, "sorter"),
    rehearseReading: (deviceId) => rehearsals.get(deviceId)?.rehearse(),
  });
}

/** A role is filled by a device of that kind: a printer cannot be asked for a weight. */
function findMisplaced(config: EngineConfig, devices: ReadonlyMap<string, AnyDevice>): string | null {
  for (const { deviceId, upkeep } of config.devices)
    if (upkeep !== undefined && devices.get(deviceId)?.kind !== "scale")
      return `devices.${deviceId}.upkeep: only a scale is calibrated`;
  for (const lane of config.lanes)
    for (const [role, deviceId] of Object.entries(lane.devices)) {
      const kind = devices.get(deviceId)?.kind;
      if (kind !== role) return `lanes.${lane.laneId}.devices.${role}: ${deviceId} is a ${kind}`;
    }
  return null;
}

/** A model may be unknown because the file that should define it was refused. */
function withRefused(
  result: { readonly ok: false; readonly failure: Failure },
  refused: UserDefinitions["refused"],
): Result<never> {
  const [first] = refused;
  if (first === undefined) return result;
  const { reason } = result.failure.details;
  return fail("config.invalid", { reason: `${reason} (${first.path} was refused: ${first.reason})` });
}

/** A sorter that can keep its events does so until their facts are durable: a crash in between loses none. */
function keepUntilDurable(
  binding: EngineConfig["devices"][number],
  definitions: UserDefinitions["definitions"],
): EngineConfig["devices"][number] {
  const definition = findDefinition(binding.model) ?? definitions.get(binding.model);
  if (definition?.kind !== "sorter" || !definition.createCodec({ acknowledge: "listener" }).ok)
    return binding;
  return { ...binding, options: { acknowledge: "listener", ...binding.options } };
}

function indexLanes(config: EngineConfig): Map<string, string[]> {
  const lanes = new Map<string, string[]>();
  for (const { laneId, devices } of config.lanes)
    for (const deviceId of new Set(Object.values(devices)))
      lanes.set(deviceId, [...(lanes.get(deviceId) ?? []), laneId]);
  return lanes;
}

function toEvent(deviceId: string, reading: Reading): SessionEvent | null {
  switch (reading.kind) {
    case "scan":
    case "weight":
    case "size":
      return { kind: "reading", deviceId, reading };
    case "sorter":
      return toSorterEvent(deviceId, reading);
    case "printer-status":
    case "refused":
      return null;
  }
}

function toSorterEvent(deviceId: string, reading: Extract<Reading, { kind: "sorter" }>): SessionEvent | null {
  const { event, parcelIndex, chute } = reading;
  if (event === "induct" && parcelIndex !== undefined)
    return { kind: "inducted", parcelIndex, deviceId, isLate: reading.isLate === true };
  if (event === "confirm" && parcelIndex !== undefined && chute !== undefined)
    return { kind: "diverted", parcelIndex, chute };
  if (event === "lost" && parcelIndex !== undefined) return { kind: "lost", parcelIndex };
  if (event === "chute-full" && chute !== undefined) return { kind: "chute-full", chute, full: true };
  if (event === "chute-open" && chute !== undefined) return { kind: "chute-full", chute, full: false };
  return null;
}

function viewDevice(
  config: EngineConfig,
  device: AnyDevice,
  state: DeviceState,
  upkeep: UpkeepView | undefined,
): DeviceView {
  const model = config.devices.find(({ deviceId }) => deviceId === device.id)?.model ?? "";
  const failure = state.state === "faulted" ? state.failure : null;
  return {
    deviceId: device.id,
    kind: device.kind,
    model: findDefinition(model)?.names[0] ?? model,
    state: state.state,
    ...(upkeep === undefined ? {} : { upkeep }),
    failure:
      failure === null
        ? null
        : {
            code: failure.code,
            details: { ...failure.details },
            ...(failure.cause === undefined ? {} : { cause: failure.cause }),
          },
  };
}
