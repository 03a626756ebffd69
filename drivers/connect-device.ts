import { fail, type Result } from "@waystation/shared/failures/result";
import { z } from "zod";
import { type Clock, systemClock } from "./kit/clock.ts";
import type { AnyDevice, DeviceListener } from "./kit/device.ts";
import type { DeviceDefinition } from "./kit/define.ts";
import { findDefinition } from "./registry.ts";
import { connectionSchema } from "./transport/connection.ts";
import { createTransport } from "./transport/create-transport.ts";
import type { Transport } from "./transport/transport.ts";

/** One device of a station: which model stands where, and what is set differently at this site. */
export const deviceBindingSchema = z.strictObject({
  deviceId: z.string().min(1).max(64),
  model: z.string().min(1).max(64),
  connection: connectionSchema,
  options: z.record(z.string(), z.unknown()).optional(),
  /** A line on which nothing was heard so long is asked whether anybody is there. Absent: as the model has it, mostly 2 s. */
  quietMs: z.int().min(500).max(600_000).optional(),
});
export type DeviceBinding = z.infer<typeof deviceBindingSchema>;

export type ConnectDeps = {
  /** Also dates the readings (`atMs`); default: monotonic milliseconds of this process. */
  readonly clock?: Clock;
  /** 0 up to 1, spreads reconnects. */
  readonly random?: () => number;
  /** Models of this site's own, by name, besides the registry's. */
  readonly userDefinitions?: ReadonlyMap<string, DeviceDefinition>;
  /** For the simulator: a line of its own instead of the binding's. */
  readonly createTransport?: () => Transport;
  /** Called around every write to the line; a test ends the process here. */
  readonly onWrite?: (point: "before-write" | "after-write") => void;
  /** Shown what the line brought before it is read; the bytes may be kept only after copying. */
  readonly onRead?: (bytes: Uint8Array) => void;
};

/**
 * A device ready to start(): nothing is opened before. Failure config.invalid for an unknown model or options
 * that do not fit it; everything later is a state of the device.
 */
export function connectDevice(
  binding: DeviceBinding,
  listener: DeviceListener,
  deps: ConnectDeps = {},
): Result<AnyDevice> {
  const definition = findDefinition(binding.model) ?? deps.userDefinitions?.get(binding.model);
  if (!definition) return fail("config.invalid", { reason: `no device model "${binding.model}"` });
  const { onWrite, onRead } = deps;
  const openLine = deps.createTransport ?? (() => createTransport(binding.connection, definition.serial));
  const open = onRead === undefined ? openLine : () => watchReads(openLine(), onRead);
  return definition.connect({
    deviceId: binding.deviceId,
    options: binding.options ?? {},
    quietMs: binding.quietMs,
    createTransport: onWrite === undefined ? open : () => watchWrites(open(), onWrite),
    listener,
    clock: deps.clock ?? systemClock,
    random: deps.random ?? Math.random,
  });
}

const watchReads = (line: Transport, onRead: NonNullable<ConnectDeps["onRead"]>): Transport => ({
  ...line,
  open: (events) =>
    line.open({
      ...events,
      onData: (bytes) => {
        onRead(bytes);
        events.onData(bytes);
      },
    }),
});

const watchWrites = (line: Transport, onWrite: NonNullable<ConnectDeps["onWrite"]>): Transport => ({
  ...line,
  write: (bytes) => {
    onWrite("before-write");
    const written = line.write(bytes);
    onWrite("after-write");
    return written;
  },
});
