import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createReportFramer } from "../framing/report.ts";
import { defineScanner } from "../kit/define.ts";
import { createListeningSession, type Family } from "../kit/family.ts";
import { decodeLatin1, decodeUtf8 } from "../kit/text.ts";
import { acceptScan, type ScanFilter, scanFilterOptions } from "./accept-scan.ts";
import { findSymbology } from "./aim.ts";

const optionsSchema = z.strictObject({
  ...scanFilterOptions,
});
type Options = z.infer<typeof optionsSchema>;

const lengthBytes = 64;
/** 16 reports hold 896 bytes; a barcode on a parcel needs one or two. */
const limitReports = 16;
const pos = { id: 2, maximumBytes: 56, dataEnd: 61, continuedAt: 63 } as const;

const aimAt = (report: Uint8Array, offset: number): string | null => {
  const text = decodeLatin1(report.subarray(offset, offset + 3));
  return /^\][A-Za-z][0-9A-Za-z]$/.test(text) ? text : null;
};

/** The AIM id stands at byte 2; some scanners leave a byte free before it, some send none and zeros instead. */
function findAim(report: Uint8Array): { readonly aim: string | null; readonly dataAt: number } | null {
  const usual = aimAt(report, 2);
  if (usual !== null) return { aim: usual, dataAt: 5 };
  if (report[2] !== 0) return null;
  const shifted = aimAt(report, 3);
  if (shifted !== null) return { aim: shifted, dataAt: 6 };
  return report[3] === 0 && report[4] === 0 ? { aim: null, dataAt: 5 } : null;
}

const isHeader = (header: Uint8Array): boolean =>
  header[0] === pos.id && (header[1] ?? 255) <= pos.maximumBytes && findAim(header) !== null;

function continues(report: Uint8Array): boolean | null {
  const mark = report[pos.continuedAt];
  return mark === 0 || mark === 1 ? mark === 1 : null;
}

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

/** What a report holds; null when bytes stand behind its length, or it is longer than its room. */
export function takeData(report: Uint8Array, dataAt: number, dataEnd: number): Uint8Array | null {
  const end = dataAt + (report[1] ?? 0);
  const isClean = end <= dataEnd && report.subarray(end, dataEnd).every((byte) => byte === 0);
  return isClean ? report.subarray(dataAt, end) : null;
}

/** One message of one or more reports -> at most one scan. */
export function parseScanReports(message: Uint8Array, options: Options): readonly Reading[] {
  const bytes: number[] = [];
  let aim: string | null = null;
  for (let start = 0; start < message.length; start += lengthBytes) {
    const report = message.subarray(start, start + lengthBytes);
    const head = findAim(report);
    const data = head && takeData(report, head.dataAt, pos.dataEnd);
    if (!head || !data) return refused("bytes behind the length of a report");
    if (start > 0 && head.aim !== aim) return refused("reports of two barcodes in one message");
    aim = head.aim;
    bytes.push(...data);
  }
  return acceptText(Uint8Array.from(bytes), aim, options);
}

/** A suffix set in the scanner is no data; neither is an AIM id it was set to send a second time. */
export function acceptText(bytes: Uint8Array, aim: string | null, filter: ScanFilter): readonly Reading[] {
  const text = decodeUtf8(bytes)?.replace(/[\r\n\t]+$/, "");
  if (text === undefined) return refused("not UTF-8");
  const inData = findSymbology(text) === null ? null : text.slice(0, 3);
  const isRepeated = inData !== null && (aim === null || aim === inData);
  const symbology = findSymbology(aim ?? inData ?? "") ?? "unknown";
  return acceptScan(isRepeated ? text.slice(3) : text, symbology, filter);
}

/** USB scanners of usage page 0x8C, usage 2, not in keyboard mode. */
export const hidPosScanner: Family<"scanner", Options> = {
  name: "hid-pos-scanner",
  kind: "scanner",
  options: optionsSchema,
  createFramer: () => createReportFramer({ lengthBytes, headerBytes: 6, isHeader, continues, limitReports }),
  createDecoder: (options) => (message) => parseScanReports(message, options),
  createSession: (context) =>
    createListeningSession(context, (message) => parseScanReports(message, context.options)),
};

const layout = "Access-IS ATR110 manual p. 33 and LSR118 manual p. 68 (report layout)";

/** Bytes after a name are USB vendor and product id. */
export const hidPosScannerModels = [
  defineScanner({
    model: "hid-pos-scanner",
    vendor: "generic",
    names: ["USB HID POS scanner"],
    family: hidPosScanner,
    confirmed: false,
    source: `${layout}; HID Point of Sale Usage Tables 1.02`,
  }),
  defineScanner({
    model: "access-is-hid",
    vendor: "Access-IS",
    names: ["ATR110", "LSR110", "LSR116", "LSR118"],
    family: hidPosScanner,
    confirmed: false,
    source: layout,
  }),
  /** Wants feature report 254 = 01 after every opening; the transport sends it to every device of 0c2e. */
  defineScanner({
    model: "honeywell-hid",
    vendor: "Honeywell",
    names: ["Voyager 1400g (0c2e:0b8f)", "Voyager 1602g", "Xenon", "Granit", "0c2e:23d0"],
    family: hidPosScanner,
    confirmed: false,
    source: "public code (WebHidBarcodeScanner, python_hon_usbhid); product ids unconfirmed",
  }),
  defineScanner({
    model: "zebra-hid",
    vendor: "Zebra",
    names: ["DS2208", "DS3608", "DS8178"],
    family: hidPosScanner,
    confirmed: false,
    source: `scanner set to USB HID POS; public code says it is understood alike; ${layout}`,
  }),
  defineScanner({
    model: "datalogic-hid",
    vendor: "Datalogic",
    names: ["Gryphon", "PowerScan", "Magellan"],
    family: hidPosScanner,
    confirmed: false,
    source: `scanner set to USB HID POS; public code says it is understood alike; ${layout}`,
  }),
];
