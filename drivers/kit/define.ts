import { assert } from "@waystation/shared/failures/assert";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import type { Framer } from "../framing/framer.ts";
import type { SerialLine } from "../transport/serial.ts";
import type { Transport } from "../transport/transport.ts";
import type { Clock } from "./clock.ts";
import type { AnyDevice, DeviceKind, DeviceListener } from "./device.ts";
import type { DeviceOfKind, Family } from "./family.ts";
import { runDevice } from "./run-device.ts";

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
  readonly serial?: Partial<SerialLine>;
  readonly tcpPort?: number;
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
  readonly createTransport: () => Transport;
  readonly listener: DeviceListener;
  readonly clock: Clock;
  readonly random: () => number;
};

/** A literal bound to its family; the types of the options stay inside. */
export type DeviceDefinition = {
  readonly model: string;
  readonly kind: DeviceKind;
  readonly vendor: string;
  readonly names: readonly string[];
  readonly familyName: string;
  readonly serial: Partial<SerialLine>;
  readonly tcpPort: number | null;
  readonly confirmed: boolean;
  readonly source: string;
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
    confirmed: literal.confirmed,
    source: literal.source,
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
