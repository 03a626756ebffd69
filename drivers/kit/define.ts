import { assert } from "@waystation/shared/failures/assert";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import type { Framer } from "../framing/framer.ts";
import type { SerialSettings } from "../transport/connection.ts";
import type { Transport } from "../transport/transport.ts";
import type { Clock } from "./clock.ts";
import type { AnyDevice, DeviceKind, DeviceListener } from "./device.ts";
import type { DeviceOfKind, Family } from "./family.ts";
import { runDevice } from "./run-device.ts";

export type UsbId = { readonly vendorId: number; readonly productId: number };

/** One model. Facts about it, no code. */
type DeviceLiteral<Kind extends DeviceKind, Options> = {
  /** Stable for ever: stations store it in their bindings. */
  readonly model: string;
  readonly vendor: string;
  /** Names on the housing or in the catalogue. */
  readonly names: readonly string[];
  readonly family: Family<Kind, Options>;
  /** What differs from the family's defaults. */
  readonly options?: Partial<Options>;
  readonly serial?: SerialSettings;
  readonly tcpPort?: number;
  /** By which discovery knows it; several models may share one. */
  readonly usbIds?: readonly UsbId[];
  /** true only after a person has seen this model work; a manual or other people's code is not enough. */
  readonly confirmed: boolean;
  readonly source: string;
};

export type Codec = {
  readonly framer: Framer;
  readonly decode: (frame: Uint8Array) => readonly Reading[];
};

export type ConnectInput = {
  readonly deviceId: string;
  /** The site's options, laid over the model's. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly quietMs?: number | undefined;
  readonly createTransport: () => Transport;
  readonly listener: DeviceListener;
  readonly clock: Clock;
  readonly random: () => number;
};

/** What can be said about a model without writing code. */
export type ModelData = {
  readonly model: string;
  readonly vendor: string;
  readonly names: readonly string[];
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  readonly serial?: SerialSettings | undefined;
  readonly tcpPort?: number | undefined;
  readonly usbIds?: readonly UsbId[] | undefined;
  readonly source: string;
};

/** A literal bound to its family; the types of the options stay inside. */
export type DeviceDefinition = {
  readonly model: string;
  readonly kind: DeviceKind;
  readonly vendor: string;
  readonly names: readonly string[];
  readonly familyName: string;
  readonly serial: SerialSettings;
  readonly tcpPort: number | null;
  readonly usbIds: readonly UsbId[];
  readonly confirmed: boolean;
  readonly source: string;
  /** Another model of the same family, described by data alone. Failure config.invalid when its options do not fit. */
  readonly derive: (model: ModelData) => Result<DeviceDefinition>;
  /** Failure config.invalid when the options do not fit. */
  readonly connect: (input: ConnectInput) => Result<AnyDevice>;
  readonly createCodec: (options: Readonly<Record<string, unknown>>) => Result<Codec>;
};

function define<Kind extends DeviceKind, Options>(
  literal: DeviceLiteral<Kind, Options>,
  toAnyDevice: (device: DeviceOfKind[Kind]) => AnyDevice,
  run: (input: Parameters<typeof runDevice<Kind, Options>>[0]) => DeviceOfKind[Kind],
): DeviceDefinition {
  const { family } = literal;
  const readOptions = (site: Readonly<Record<string, unknown>>): Result<Options> => {
    const parsed = family.options.safeParse({ ...literal.options, ...site });
    if (parsed.success) return succeed(parsed.data);
    return fail("config.invalid", { reason: `${literal.model}: ${z.prettifyError(parsed.error)}` });
  };
  assert(readOptions({}).ok, `the options of ${literal.model} do not fit ${family.name}`);

  return {
    model: literal.model,
    kind: family.kind,
    vendor: literal.vendor,
    names: literal.names,
    familyName: family.name,
    serial: literal.serial ?? {},
    tcpPort: literal.tcpPort ?? null,
    usbIds: literal.usbIds ?? [],
    confirmed: literal.confirmed,
    source: literal.source,
    derive: ({ model, vendor, names, source, ...data }) => {
      const options = readOptions(data.options ?? {});
      if (!options.ok) return options;
      const { serial = {}, tcpPort, usbIds = [] } = data;
      const derived = { model, vendor, names, family, options: options.value, serial, usbIds, source };
      const address = tcpPort === undefined ? {} : { tcpPort };
      return succeed(define({ ...derived, ...address, confirmed: false }, toAnyDevice, run));
    },
    connect: ({ options: site, ...input }) => {
      const options = readOptions(site);
      return options.ok ? succeed(toAnyDevice(run({ ...input, family, options: options.value }))) : options;
    },
    createCodec: (site) => {
      const options = readOptions(site);
      if (!options.ok) return options;
      return succeed({
        framer: family.createFramer(options.value),
        decode: family.createDecoder(options.value),
      });
    },
  };
}

export const defineScale = <Options>(literal: DeviceLiteral<"scale", Options>) =>
  define(literal, (device) => device, runDevice);
export const defineScanner = <Options>(literal: DeviceLiteral<"scanner", Options>) =>
  define(literal, (device) => device, runDevice);
export const definePrinter = <Options>(literal: DeviceLiteral<"printer", Options>) =>
  define(literal, (device) => device, runDevice);
export const defineSorter = <Options>(literal: DeviceLiteral<"sorter", Options>) =>
  define(literal, (device) => device, runDevice);
export const defineDimensioner = <Options>(literal: DeviceLiteral<"dimensioner", Options>) =>
  define(literal, (device) => device, runDevice);
