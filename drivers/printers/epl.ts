import { z } from "zod";
import { createEplReplyFramer } from "../framing/epl-reply.ts";
import { definePrinter } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";
import { bitmapBytes, readCommandLines } from "./command-lines.ts";
import { createPrinterSession, printerOptions, type PrinterLanguage, toReadings } from "./print-session.ts";
import { describeStatus, type ReplyPart } from "./printer-status.ts";

const optionsSchema = z.strictObject({
  /** US: every print command is answered by ACK when it is done, every error by NAK and its number. */
  acknowledge: z.boolean().default(true),
  ...printerOptions,
});
type Options = z.infer<typeof optionsSchema>;

/** Errors of a command or a stored form: they keep no later label from coming out. */
const harmlessCodes = new Set([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 13, 71, 89, 98]);
/** 07 is paper or ribbon, which EPL does not part. */
const paperCode = 7;
const headCode = 11;
const pauseCodes = new Set([12, 92]);
const faultNames: ReadonlyMap<number, string> = new Map([
  [62, "print head too hot"],
  [80, "label sensor"],
  [81, "cutter"],
  [86, "cutter"],
  [93, "print head too hot"],
]);

const refused = (reason: string): ReplyPart => ({ part: "refused", reason });

/** `00`, `07P003`, `01,11`: the codes of ^ee; those behind NAK come singly. */
export function parseEplReply(frame: Uint8Array): ReplyPart {
  if (frame[0] === 0x06) return { part: "receipt", tag: "ack" };
  const text = decodeLatin1(frame);
  const negative = /^\u0015(\d{2})$/.exec(text);
  if (negative)
    return negative[1] === "00" ? refused("an error without its number") : readCodes([negative[1] ?? ""]);
  const isReport = /^\d{2}(P\d{1,4}(\/?L\d{1,5})?)?(,\d{2})*$/.test(text);
  if (!isReport) return refused(`not a report: ${quoteText(text)}`);
  return readCodes(text.split(","));
}

function readCodes(texts: readonly string[]): ReplyPart {
  const codes = texts.map((text) => Number(text.slice(0, 2)));
  const stated = (code: number) =>
    code === paperCode || code === headCode || pauseCodes.has(code) || harmlessCodes.has(code);
  const faults = codes.filter((code) => !stated(code)).map((code) => faultNames.get(code) ?? `error ${code}`);
  const flags = {
    paperOut: codes.includes(paperCode),
    headOpen: codes.includes(headCode),
    paused: codes.some((code) => pauseCodes.has(code)),
  };
  const status = describeStatus(flags, "unknown", faults.length > 0 ? faults.join(", ") : null);
  return { part: "status", status };
}

const graphicWrite = { header: /^GW *\d+ *, *\d+ *, *(\d+) *, *(\d+) *,(?:\r?\n)?/, countBytes: bitmapBytes };

/** [labels, print commands]: P4,2 is one command and eight labels. */
function countPrints(bytes: Uint8Array): readonly [number, number] {
  let labels = 0;
  let commands = 0;
  for (const line of readCommandLines(bytes, [graphicWrite])) {
    const match = /^P(\d{1,5})(?:,(\d{1,5}))?$/.exec(line);
    if (!match) continue;
    labels += Number(match[1]) * Number(match[2] ?? 1);
    commands += 1;
  }
  return [labels, commands];
}

export const countEplLabels = (bytes: Uint8Array): number => countPrints(bytes)[0];

const toLanguage = ({ acknowledge }: Options): PrinterLanguage => ({
  askStatus: encodeText("^ee\r\n"),
  askCounter: null,
  countLabels: countEplLabels,
  createCollector: () => parseEplReply,
  proof: acknowledge ? "receipt" : "none",
  receipt: (_, bytes) => ({ request: null, tag: "ack", count: countPrints(bytes)[1] }),
  ...(acknowledge ? { greeting: encodeText("US\r\n") } : {}),
});

/**
 * EPL2 page mode. ^ee tells errors and never whether anything is being printed: a job counts as printed when US has
 * acknowledged each of its print commands and ^ee is clean afterwards. Without US every job sent is unknown.
 */
export const epl: Family<"printer", Options> = {
  name: "epl",
  kind: "printer",
  options: optionsSchema,
  createFramer: createEplReplyFramer,
  createDecoder: () => (frame) => toReadings(parseEplReply(frame)),
  createSession: (context) => createPrinterSession(context, toLanguage(context.options)),
};

const unconfirmed = "whether ACK comes after the label or after the command is not confirmed";

export const eplModels = [
  definePrinter({
    model: "epl",
    vendor: "generic",
    names: ["EPL2 label printer"],
    family: epl,
    tcpPort: 9100,
    confirmed: false,
    source: `EPL2 Programmer's Manual 980352-001, US, ^ee; ${unconfirmed}`,
  }),
  definePrinter({
    model: "zebra-lp2844",
    vendor: "Zebra",
    names: ["LP 2844", "TLP 2844", "GC420 in EPL"],
    family: epl,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: `EPL2 Programmer's Manual 980352-001, US, ^ee; ${unconfirmed}`,
  }),
  definePrinter({
    model: "intermec-pc4",
    vendor: "Intermec",
    names: ["EasyCoder PC4", "PF8", "PD4 (ESim)"],
    family: epl,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: `ESim Programmer's Reference Manual, ^ee and US pp. 118, 130, 153; ${unconfirmed}`,
  }),
];
