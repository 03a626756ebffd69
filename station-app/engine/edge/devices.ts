import { connectDevice } from "@waystation/drivers/connect-device";
import type { AnyDevice, DeviceState, Printer, Scale, Sorter } from "@waystation/drivers/kit/device";
import { findDefinition } from "@waystation/drivers/registry";
import { assert } from "@waystation/shared/failures/assert";
import { type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import type { SessionEvent } from "@waystation/shared/session/events";
import type { DeviceView } from "@waystation/shared/session/view";
import type { EngineConfig } from "../config/engine-config.ts";
import { epochMs } from "../config/epoch-clock.ts";

export type DeviceEvents = {
  readonly onEvent: (laneId: string, event: SessionEvent, atMs: number) => void;
  readonly onPrinter: (printerId: string, ready: boolean, odometer: number | null | undefined) => void;
  readonly onView: (view: DeviceView) => void;
  /** Around every write to a device; only the kill tests look. */
  readonly onWrite: (point: "before-write" | "after-write") => void;
};

export type Devices = {
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  readonly views: () => DeviceView[];
  readonly scale: (deviceId: string) => Scale;
  readonly printer: (deviceId: string) => Printer;
  /** Tells the core whether the printer can take a job and where its counter stands; needed after a job that went wrong. */
  readonly announcePrinter: (deviceId: string) => void;
  readonly sorter: (deviceId: string) => Sorter;
};

const odometerTimeoutMs = 3000;

/** Builds every configured device and turns what it says into lane events; nothing is opened before start(). */
export function createDevices(config: EngineConfig, events: DeviceEvents): Result<Devices> {
  const lanesOf = indexLanes(config);
  const devices = new Map<string, AnyDevice>();

  function onReading(deviceId: string, reading: Reading): void {
    const event = toEvent(deviceId, reading);
    if (event === null) return;
    const atMs = epochMs();
    for (const laneId of lanesOf.get(deviceId) ?? []) events.onEvent(laneId, event, atMs);
  }

  function onState(deviceId: string, state: DeviceState): void {
    const device = devices.get(deviceId);
    if (device === undefined) return;
    events.onView(viewDevice(config, device, state));
    if (device.kind === "printer") void announcePrinter(device, state);
  }

  /** The odometer read when a printer comes back is what the next intent records. */
  async function announcePrinter(printer: Printer, state: DeviceState): Promise<void> {
    if (state.state !== "ready") return events.onPrinter(printer.id, false, undefined);
    const odometer = await printer.readOdometer(odometerTimeoutMs);
    // Busy with a job: its outcome will bring the odometer.
    events.onPrinter(printer.id, printer.state().state === "ready", odometer.ok ? odometer.value : undefined);
  }

  for (const binding of config.devices) {
    const device = connectDevice(toBinding(binding), { onReading, onState }, { onWrite: events.onWrite });
    if (!device.ok) return device;
    devices.set(binding.deviceId, device.value);
  }

  const find = <K extends AnyDevice["kind"]>(deviceId: string, kind: K): Extract<AnyDevice, { kind: K }> => {
    const device = devices.get(deviceId);
    assert(device?.kind === kind, `${deviceId} is a ${kind}`);
    return device as Extract<AnyDevice, { kind: K }>;
  };

  return succeed({
    start: () => {
      for (const device of devices.values()) device.start();
    },
    stop: async () => {
      await Promise.all([...devices.values()].map((device) => device.stop()));
    },
    views: () => [...devices.values()].map((device) => viewDevice(config, device, device.state())),
    scale: (deviceId) => find(deviceId, "scale"),
    printer: (deviceId) => find(deviceId, "printer"),
    announcePrinter: (deviceId) => {
      const printer = find(deviceId, "printer");
      void announcePrinter(printer, printer.state());
    },
    sorter: (deviceId) => find(deviceId, "sorter"),
  });
}

function toBinding({
  deviceId,
  model,
  connection,
  options,
}: EngineConfig["devices"][number]): Parameters<typeof connectDevice>[0] {
  const line =
    connection.type === "tcp"
      ? connection
      : {
          type: connection.type,
          path: connection.path,
          ...(connection.baudRate === undefined ? {} : { baudRate: connection.baudRate }),
        };
  return { deviceId, model, connection: line, ...(options === undefined ? {} : { options }) };
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
  return null;
}

function viewDevice(config: EngineConfig, device: AnyDevice, state: DeviceState): DeviceView {
  const model = config.devices.find(({ deviceId }) => deviceId === device.id)?.model ?? "";
  const failure = state.state === "faulted" ? state.failure : null;
  return {
    deviceId: device.id,
    kind: device.kind,
    model: findDefinition(model)?.names[0] ?? model,
    state: state.state,
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
