import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { defineScanner } from "../kit/define.ts";
import { createLineFramer } from "../framing/line.ts";
import { createListeningSession, type Family } from "../kit/family.ts";
import { decodeUtf8, quoteText } from "../kit/text.ts";
import { acceptScan, scanFilterOptions } from "./accept-scan.ts";
import { findSymbology } from "./aim.ts";

const optionsSchema = z.strictObject({
  terminator: z.enum(["cr", "lf", "crlf"]).default("cr"),
  /** Fixed characters the scanner is set to send first; a line without them is refused. */
  prefix: z.string().max(16).default(""),
  /** "none" where the scanner is not set to send AIM ids: then `]C1` at the start would be data. */
  aimId: z.enum(["required", "optional", "none"]).default("optional"),
  /** Longest barcode in bytes; a QR code on a parcel rarely exceeds a few hundred. */
  maximumBytes: z.int().min(1).max(4096).default(1024),
  ...scanFilterOptions,
});
type Options = z.infer<typeof optionsSchema>;

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

/** Line -> at most one scan. AIM ids: ISO/IEC 15424. */
export function parseScan(frame: Uint8Array, options: Options): readonly Reading[] {
  const line = decodeUtf8(frame);
  if (line === null) return refused("not UTF-8");
  if (!line.startsWith(options.prefix)) return refused(`prefix missing in ${quoteText(line)}`);

  const rest = line.slice(options.prefix.length);
  const symbology = options.aimId === "none" ? null : findSymbology(rest);
  if (symbology === null && options.aimId === "required") return refused(`no AIM id in ${quoteText(line)}`);
  const data = symbology === null ? rest : rest.slice(3);
  return acceptScan(data, symbology ?? "unknown", options);
}

export const serialAim: Family<"scanner", Options> = {
  name: "serial-aim",
  kind: "scanner",
  options: optionsSchema,
  createFramer: (options) =>
    createLineFramer({
      terminator: options.terminator,
      limitBytes: options.maximumBytes + options.prefix.length + 3,
    }),
  createDecoder: (options) => (frame) => parseScan(frame, options),
  createSession: (context) => createListeningSession(context, (frame) => parseScan(frame, context.options)),
};

export const serialAimModels = [
  /** Any scanner set to serial (or USB-COM) output. AIM ids make GS1 barcodes tell themselves apart. */
  defineScanner({
    model: "serial-aim",
    vendor: "generic",
    names: ["Serial or USB-COM scanner"],
    family: serialAim,
    confirmed: false,
    source: "ISO/IEC 15424 (AIM symbology identifiers)",
  }),
  defineScanner({
    model: "honeywell-serial",
    vendor: "Honeywell",
    names: ["Xenon", "Granit", "Voyager"],
    family: serialAim,
    options: { terminator: "cr" },
    serial: { baudRate: 115_200 },
    confirmed: false,
    source: "settings to be checked on the device: serial output, suffix CR, AIM id prefix",
  }),
  defineScanner({
    model: "zebra-serial",
    vendor: "Zebra",
    names: ["DS2208", "DS3608", "DS8178"],
    family: serialAim,
    options: { terminator: "crlf" },
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "settings to be checked on the device: CDC or RS-232, suffix CR LF, AIM code id",
  }),
  defineScanner({
    model: "datalogic-serial",
    vendor: "Datalogic",
    names: ["Gryphon", "PowerScan"],
    family: serialAim,
    options: { terminator: "cr" },
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "settings to be checked on the device: RS-232 or USB-COM, suffix CR, AIM id",
  }),
];
