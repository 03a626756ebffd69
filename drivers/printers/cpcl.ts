import { z } from "zod";
import { createSingleByteFramer } from "../framing/single-byte.ts";
import { definePrinter } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";
import { bitmapBytes, readCommandLines } from "./command-lines.ts";
import { createPrinterSession, printerOptions, type PrinterLanguage, toReadings } from "./print-session.ts";
import { describeStatus, type ReplyPart } from "./printer-status.ts";

const optionsSchema = z.strictObject({
  /** The label counter of Link-OS printers; others have none that can be asked. */
  odometer: z.boolean().default(false),
  ...printerOptions,
  /** The status is told after the label before it: a long label keeps it waiting. */
  silenceMs: z.int().min(200).max(30_000).default(6000),
});
type Options = z.infer<typeof optionsSchema>;

const quote = 0x22;
const refused = (reason: string): ReplyPart => ({ part: "refused", reason });

/** One byte (ESC h): busy, no paper, latch open, battery low, was reset. Or a variable in quotes. */
export function parseCpclReply(frame: Uint8Array): ReplyPart {
  if (frame.length > 1) {
    const text = decodeLatin1(frame);
    const counter = /^"(\d{1,12}|\?)"$/.exec(text)?.[1];
    if (counter === undefined) return refused(`not a printer reply: ${quoteText(text)}`);
    return { part: "counter", value: counter === "?" ? null : Number(counter) };
  }
  const [byte = 0] = frame;
  // line ends around a variable are the only other bytes a printer sends; as a status 0x0a and 0x0d say "battery low"
  if (byte > 0x1f) return refused(`not a status: 0x${byte.toString(16)}`);
  const has = (bit: number) => (byte & (1 << bit)) !== 0;
  const status = describeStatus({ paperOut: has(1), headOpen: has(2) }, has(0) ? "busy" : "idle");
  return { part: "status", status };
}

const compressedGraphics = {
  header: /^(?:CG|COMPRESSED-GRAPHICS) +(\d+) +(\d+) +\d+ +\d+ /,
  countBytes: bitmapBytes,
};

/** A session prints its quantity at PRINT: "! offset 200 200 height quantity" ... "PRINT". */
export function countCpclLabels(bytes: Uint8Array): number {
  let quantity = 0;
  let labels = 0;
  for (const line of readCommandLines(bytes, [compressedGraphics])) {
    if (line.startsWith("!")) quantity = Number(/^! +-?\d+ +\d+ +\d+ +\d+ +(\d{1,5})$/.exec(line)?.[1] ?? 0);
    if (line !== "PRINT" && line !== "POPRINT") continue;
    labels += quantity;
    quantity = 0;
  }
  return labels;
}

const toLanguage = ({ odometer }: Options): PrinterLanguage => ({
  askStatus: encodeText("\u001bh"),
  askCounter: odometer ? encodeText('! U1 getvar "odometer.total_label_count"\r\n') : null,
  countLabels: countCpclLabels,
  createCollector: () => parseCpclReply,
  proof: "idle",
  isUnframed: true,
});

/**
 * CPCL. The manual says of ESC h: a status that comes back means the label before is finished. So a job counts as
 * printed when a question asked behind it is answered "ready", twice, on the same line. There is no pause to tell.
 */
export const cpcl: Family<"printer", Options> = {
  name: "cpcl",
  kind: "printer",
  options: optionsSchema,
  createFramer: () =>
    createSingleByteFramer({ longReplies: [{ opens: quote, closes: quote }], limitBytes: 64 }),
  createDecoder: () => (frame) => toReadings(parseCpclReply(frame)),
  createSession: (context) => createPrinterSession(context, toLanguage(context.options)),
};

const manual = "CPCL Programming Manual, section 11 (ESC h)";

export const cpclModels = [
  definePrinter({
    model: "cpcl",
    vendor: "generic",
    names: ["CPCL label printer"],
    family: cpcl,
    tcpPort: 9100,
    confirmed: false,
    source: `${manual}; clones are not confirmed to hold the answer back until the label is out`,
  }),
  definePrinter({
    model: "zebra-zq520",
    vendor: "Zebra",
    names: ["ZQ510", "ZQ520", "QLn320", "QLn420"],
    family: cpcl,
    options: { odometer: true },
    tcpPort: 9100,
    serial: { baudRate: 19_200 },
    confirmed: false,
    source: `${manual}; Zebra Programming Guide, odometer.total_label_count, not confirmed on mobile printers`,
  }),
  definePrinter({
    model: "hprt-hm-a300",
    vendor: "HPRT",
    names: ["HM-A300", "HM-Z3"],
    family: cpcl,
    confirmed: false,
    source: `sold as a CPCL printer; ${manual} not confirmed for it`,
  }),
];
