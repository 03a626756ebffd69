import { z } from "zod";
import { createSingleByteFramer } from "../framing/single-byte.ts";
import { definePrinter } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";
import { createPrinterSession, printerOptions, type PrinterLanguage, toReadings } from "./print-session.ts";
import { describeStatus, type ReplyPart } from "./printer-status.ts";

/** What DLE EOT 1, 2, 3 and 4 answer; nothing in a byte says which it is. */
const replies = ["printer", "offline", "error", "paper"] as const;
type Reply = (typeof replies)[number];

const optionsSchema = z.strictObject({
  /** For recorded bytes: the n that was asked; "all": the four in turn, as a live conversation asks them. */
  reply: z.enum([...replies, "all"]).default("paper"),
  /**
   * "process-id": GS ( H, which TM printers answer once everything before it is printed. "in-order": GS r, answered
   * when the data before it has been worked off. "none": nothing is asked and a job that was sent stays unknown.
   */
  completion: z.enum(["process-id", "in-order", "none"]).default("in-order"),
  ...printerOptions,
});
type Options = z.infer<typeof optionsSchema>;

const refused = (reason: string): ReplyPart => ({ part: "refused", reason });

/** Bits 0 and 7 are always off, 1 and 4 always on: flow control and text cannot be taken for a status. */
const isRealTimeStatus = (byte: number) => (byte & 0b1001_0011) === 0b0001_0010;
/** GS r: bits 4 and 7 are off, which parts it from DLE EOT. */
const isInOrderStatus = (byte: number) => (byte & 0b1111_0000) === 0;

type Findings = { paperOut: boolean; headOpen: boolean; offline: boolean; faults: string[] };

/** One answer's bits, added to what the others said. */
function addFindings(found: Findings, reply: Reply, byte: number): void {
  const has = (bit: number) => (byte & (1 << bit)) !== 0;
  if (reply === "printer") found.offline ||= has(3);
  if (reply === "offline") {
    found.headOpen ||= has(2);
    found.paperOut ||= has(5);
    if (has(6)) found.faults.push("error");
  }
  if (reply === "error") {
    if (has(3)) found.faults.push("cutter");
    if (has(5)) found.faults.push("unrecoverable error");
    if (has(6)) found.faults.push("print head too hot");
  }
  if (reply === "paper") found.paperOut ||= has(5) || has(6);
}

function toStatus({ paperOut, headOpen, offline, faults }: Findings): ReplyPart {
  const isExplained = paperOut || headOpen || faults.length > 0;
  // "error" of the offline cause only says that the error cause tells more
  const named = faults.length > 1 ? faults.filter((name) => name !== "error") : faults;
  const isOnlyConsequence = (paperOut || headOpen) && named.join() === "error";
  const fault = named.length > 0 && !isOnlyConsequence ? named.join(", ") : null;
  return {
    part: "status",
    status: describeStatus({ paperOut, headOpen, paused: offline && !isExplained }, "unknown", fault),
  };
}

/** `asked`: which question the n-th byte of every round answers. */
export function createEscposCollector(asked: readonly Reply[]): (frame: Uint8Array) => ReplyPart {
  let found: Findings = { paperOut: false, headOpen: false, offline: false, faults: [] };
  let answered = 0;

  return (frame) => {
    if (frame.length > 1) return readProcessId(frame);
    const [byte = 0] = frame;
    if (isInOrderStatus(byte)) return { part: "receipt", tag: "in-order" };
    if (!isRealTimeStatus(byte)) return refused(`not a status: 0x${byte.toString(16).padStart(2, "0")}`);
    const reply = asked[answered] ?? "paper";
    addFindings(found, reply, byte);
    answered = (answered + 1) % asked.length;
    if (answered > 0) return { part: "more" };
    const part = toStatus(found);
    found = { paperOut: false, headOpen: false, offline: false, faults: [] };
    return part;
  };
}

/** 37H 22H, the four characters of the request, NUL. */
function readProcessId(frame: Uint8Array): ReplyPart {
  const text = decodeLatin1(frame);
  const tag = /^7"([ -~]{4})\0$/.exec(text)?.[1];
  return tag === undefined ? refused(`not a process id: ${quoteText(text)}`) : { part: "receipt", tag };
}

/** Every cut ends a label; a job that does not cut is one. Raster data is stepped over. */
export function countEscposLabels(bytes: Uint8Array): number {
  let cuts = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== 0x1d) continue;
    if (bytes[at + 1] === 0x56) cuts += 1;
    if (bytes[at + 1] !== 0x76 || bytes[at + 2] !== 0x30) continue;
    const width = (bytes[at + 4] ?? 0) + (bytes[at + 5] ?? 0) * 256;
    const height = (bytes[at + 6] ?? 0) + (bytes[at + 7] ?? 0) * 256;
    at += 7 + width * height;
  }
  return bytes.length === 0 ? 0 : Math.max(1, cuts);
}

function createReceiptRequest(completion: Options["completion"], job: number) {
  if (completion === "in-order") return { request: encodeText("\u001dr\u0001"), tag: "in-order", count: 1 };
  const tag = String(job % 10_000).padStart(4, "0");
  return { request: encodeText(`\u001d(H\u0006\u0000\u0030\u0030${tag}`), tag, count: 1 };
}

const toLanguage = ({ completion }: Options): PrinterLanguage => ({
  askStatus: Uint8Array.from(replies.flatMap((_, index) => [0x10, 0x04, index + 1])),
  askCounter: null,
  countLabels: countEscposLabels,
  createCollector: () => createEscposCollector(replies),
  proof: completion === "none" ? "none" : "receipt",
  ...(completion === "none" ? {} : { receipt: (job: number) => createReceiptRequest(completion, job) }),
});

/**
 * ESC/POS. There is no ribbon and no counter of labels. Graphics that happen to hold DLE EOT n are answered by some
 * printers in the middle of a job; receipts tell themselves apart from such answers, a status cannot.
 */
export const escpos: Family<"printer", Options> = {
  name: "escpos",
  kind: "printer",
  options: optionsSchema,
  createFramer: () => createSingleByteFramer({ longReplies: [{ opens: 0x37, lengthBytes: 7 }] }),
  createDecoder: ({ reply }) => {
    const collect = createEscposCollector(reply === "all" ? replies : [reply]);
    return (frame) => toReadings(collect(frame));
  },
  createSession: (context) => createPrinterSession(context, toLanguage(context.options)),
};

export const escposModels = [
  definePrinter({
    model: "escpos",
    vendor: "generic",
    names: ["ESC/POS receipt or label printer"],
    family: escpos,
    tcpPort: 9100,
    confirmed: false,
    source:
      "ESC/POS command references, DLE EOT, GS r; that GS r waits for the paper, not only the data, is not confirmed",
  }),
  definePrinter({
    model: "epson-tm-l90",
    vendor: "Epson",
    names: ["TM-L90", "TM-L100", "TM-T88"],
    family: escpos,
    options: { completion: "process-id" },
    tcpPort: 9100,
    serial: { baudRate: 38_400 },
    confirmed: false,
    source:
      "Epson ESC/POS reference: DLE EOT (TM-T88III p. 304), GS ( H function 48; its answer is from memory of it",
  }),
  definePrinter({
    model: "bixolon-srp350",
    vendor: "Bixolon",
    names: ["SRP-350", "SRP-S300"],
    family: escpos,
    tcpPort: 9100,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "SRP-350 command manual p. 8, DLE EOT",
  }),
];
