import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createReportFramer } from "../framing/report.ts";
import { defineScanner } from "../kit/define.ts";
import { createListeningSession, type Family } from "../kit/family.ts";
import { scanFilterOptions } from "./accept-scan.ts";
import { acceptText, takeData } from "./hid-pos-scanner.ts";

const optionsSchema = z.strictObject(scanFilterOptions);
type Options = z.infer<typeof optionsSchema>;

const lengthBytes = 64;
const id = 1;
const maximumBytes = 62;
const dataAt = 2;

const isHeader = (header: Uint8Array): boolean =>
  header[0] === id && (header[1] ?? 255) <= maximumBytes && (header[2] ?? 255) < 0x7f;

/** A full report is followed by another one; there is no other mark. */
function continues(report: Uint8Array): boolean | null {
  if (report[1] === maximumBytes) return true;
  return takeData(report, dataAt, lengthBytes) === null ? null : false;
}

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

/** Report id, length, 62 bytes; the AIM id, where the scanner is set to send it, is the start of the data. */
export function parseMicroscanReports(message: Uint8Array, options: Options): readonly Reading[] {
  // a barcode of exactly one full report cannot be told from the start of a long reply
  if (message.length !== lengthBytes) return refused("message of several reports");
  const data = takeData(message, dataAt, lengthBytes);
  return data ? acceptText(data, null, options) : refused("bytes behind the length of a report");
}

/** Microscan's own report layout, on USB scanners and imagers that do not speak HID POS. */
export const microscanHid: Family<"scanner", Options> = {
  name: "microscan-hid",
  kind: "scanner",
  options: optionsSchema,
  createFramer: () =>
    createReportFramer({ lengthBytes, headerBytes: 3, isHeader, continues, limitReports: 16 }),
  createDecoder: (options) => (message) => parseMicroscanReports(message, options),
  createSession: (context) =>
    createListeningSession(context, (message) => parseMicroscanReports(message, context.options)),
};

export const microscanHidModels = [
  defineScanner({
    model: "microscan-hid",
    vendor: "Microscan (Omron)",
    names: ["MINI Hawk", "MS-4"],
    family: microscanHid,
    confirmed: false,
    source:
      "MINI Hawk manual p. 3-26, MS-4 help 02-45; unconfirmed: what follows a barcode of exactly 62 bytes",
  }),
];
