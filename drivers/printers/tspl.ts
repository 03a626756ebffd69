import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { createSingleByteFramer } from "../framing/single-byte.ts";
import { definePrinter } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";
import { bitmapBytes, readCommandLines } from "./command-lines.ts";
import { createPrinterSession, printerOptions, type PrinterLanguage, toReadings } from "./print-session.ts";
import { describeStatus, type ReplyPart } from "./printer-status.ts";

const optionsSchema = z
  .strictObject({
    /** "byte": ESC !? is answered by one byte, by every TSPL printer. "frame": ESC !S by four in a frame, newer TSC. */
    question: z.enum(["byte", "frame"]).default("byte"),
    /** @LABEL, the labels printed in the printer's life (TSPL2); its digits can be told only from frames. */
    odometer: z.boolean().default(false),
    ...printerOptions,
    /** A short label is printed within a few of these: whoever looks too seldom never sees it printing. */
    pollMs: z.int().min(20).max(5000).default(50),
  })
  .refine(({ question, odometer }) => !odometer || question === "frame", {
    message: 'odometer needs question "frame"',
  });
type Options = z.infer<typeof optionsSchema>;

const STX = 0x02;
const ETX = 0x03;

const refused = (reason: string): ReplyPart => ({ part: "refused", reason });
const byteName = (byte: number) => `0x${byte.toString(16).padStart(2, "0")}`;

/** ESC !?: bits head open, jam, no paper, no ribbon, pause, printing, cover open (some), other error. */
export function parseStatusByte(byte: number): ReplyPart {
  const has = (bit: number) => (byte & (1 << bit)) !== 0;
  const faults = [has(1) ? "paper jam" : "", has(7) ? `other error ${byteName(byte)}` : ""].filter(Boolean);
  const flags = { headOpen: has(0) || has(6), paperOut: has(2), ribbonOut: has(3), paused: has(4) };
  const fault = faults.length > 0 ? faults.join(", ") : null;
  return { part: "status", status: describeStatus(flags, has(5) ? "busy" : "idle", fault) };
}

/** First byte of ESC !S: what the printer is doing. */
const idleStates = new Set(["@", "`", "E"]);
const busyStates = new Set(["B", "C", "F", "K", "L", "P", "W"]);
const firstErrors = ["print head too hot", "motor too hot", null, "cutter jam", "out of memory"] as const;

/** ESC !S: state, warning and two bytes of errors, each 0x40 based. */
export function parseStatusFrame(frame: Uint8Array): ReplyPart {
  const text = decodeLatin1(frame);
  if (!/^\u0002[@-\u007f]{4}\u0003$/.test(text)) return refused(`not a status: ${quoteText(text)}`);
  const state = text.charAt(1);
  if (!idleStates.has(state) && !busyStates.has(state)) return refused(`unknown state ${quoteText(state)}`);
  const first = frame[3] ?? 0;
  const second = frame[4] ?? 0;
  const has = (bit: number) => (second & (1 << bit)) !== 0;
  const faults: string[] = [];
  for (const [bit, name] of firstErrors.entries())
    if (name !== null && (first & (1 << bit)) !== 0) faults.push(name);
  if (has(1)) faults.push("paper jam");
  const flags = { paperOut: has(0), ribbonOut: has(2), headOpen: has(5), paused: state === "`" };
  const isNamed = faults.length > 0 || has(0) || has(2) || has(5);
  if (state === "E" && !isNamed) faults.push(`errors ${byteName(first)} ${byteName(second)}`);
  const fault = faults.length > 0 ? faults.join(", ") : null;
  const status = describeStatus(flags, busyStates.has(state) ? "busy" : "idle", fault);
  return { part: "status", status };
}

/** Line -> status frame or counter. */
function parseLine(frame: Uint8Array): ReplyPart {
  const text = decodeLatin1(frame);
  if (/^\d{1,10}$/.test(text)) return { part: "counter", value: Number(text) };
  return parseStatusFrame(frame);
}

/**
 * Recorded bytes may hold answers to both questions. A single 0x02 (jam) can be the beginning of a frame, so it
 * waits for the byte behind it, and the letters of a frame that lost its beginning are thrown away with its end. A
 * conversation knows what it asked and needs none of this.
 */
export function createByteCollector(): (frame: Uint8Array) => readonly ReplyPart[] {
  let held: number[] = [];
  /** So many bytes may still belong to a frame that is done or lost. */
  let tailBytes = 0;

  const begin = (byte: number): readonly ReplyPart[] => {
    if (byte !== STX && !isLetter(byte)) return [parseStatusByte(byte)];
    held = [byte];
    return [];
  };
  const endFrame = (frame: readonly number[], byte: number): readonly ReplyPart[] => {
    tailBytes = 2;
    if (frame.length === 5 && byte === ETX) return [parseStatusFrame(Uint8Array.from([...frame, byte]))];
    const cut = refused("status frame cut short");
    if (byte === ETX) return [cut];
    tailBytes = frameBytes - frame.length - 1;
    return [cut, ...begin(byte)];
  };

  return ([byte = 0]) => {
    const isTail = tailBytes > 0 && (isLetter(byte) || frameEnd.has(byte));
    tailBytes = byte === STX ? 0 : tailBytes - 1;
    if (isTail) return [];
    if (held.length > 0 && held.length < 5 && isLetter(byte)) {
      held.push(byte);
      return [];
    }
    const before = held;
    held = [];
    if (before.length === 0) return begin(byte);
    const isLone = before.length === 1 && before[0] === STX;
    return isLone ? [parseStatusByte(STX), ...begin(byte)] : endFrame(before, byte);
  };
}

const frameBytes = 8;
const frameEnd = new Set([ETX, 0x0d, 0x0a]);
/** The bytes of a frame; as an answer of one byte they would say "cover open", which few printers can. */
const isLetter = (byte: number) => byte >= 0x40 && byte < 0x80;

export function countTsplLabels(bytes: Uint8Array): number {
  const bitmap = {
    header: /^BITMAP +\d+ *, *\d+ *, *(\d+) *, *(\d+) *, *[012] *,/i,
    countBytes: bitmapBytes,
  };
  let labels = 0;
  for (const line of readCommandLines(bytes, [bitmap])) {
    const match = /^PRINT +(\d{1,6})(?: *, *(\d{1,6}))?$/i.exec(line);
    if (match) labels += Number(match[1]) * Number(match[2] ?? 1);
  }
  return labels;
}

const toLanguage = ({ question, odometer }: Options): PrinterLanguage => ({
  askStatus: encodeText(question === "byte" ? "\u001b!?" : "\u001b!S"),
  askCounter: odometer ? encodeText("OUT @LABEL\r\n") : null,
  countLabels: countTsplLabels,
  createCollector: () => (question === "byte" ? ([byte = 0]) => parseStatusByte(byte) : parseLine),
  proof: "busy-then-idle",
  isUnframed: question === "byte",
});

/**
 * TSPL/TSPL2. Both questions tell the present moment only and nothing of what waits, so without @LABEL a job counts
 * as printed when the printer was seen printing and then idle and well; otherwise it is unknown.
 */
export const tspl: Family<"printer", Options> = {
  name: "tspl",
  kind: "printer",
  options: optionsSchema,
  createFramer: ({ question }) =>
    question === "byte"
      ? createSingleByteFramer({})
      : createLineFramer({ terminator: "crlf", limitBytes: 64 }),
  createDecoder: ({ question }) => {
    if (question === "frame") return (frame) => toReadings(parseLine(frame));
    const collect = createByteCollector();
    return (frame) => collect(frame).flatMap(toReadings);
  },
  createSession: (context) => createPrinterSession(context, toLanguage(context.options)),
};

const commands = "TSPL/TSPL2 Programming Manual, <ESC>!?";
const unproven = "@LABEL's answer is not confirmed, so it is off";

export const tsplModels = [
  definePrinter({
    model: "tspl",
    vendor: "generic",
    names: ["TSPL label printer"],
    family: tspl,
    tcpPort: 9100,
    confirmed: false,
    source: `${commands} (Gprinter GP-2120T manual p. 30); proves "printed" only by seen printing, then idle`,
  }),
  definePrinter({
    model: "tsc-te210",
    vendor: "TSC",
    names: ["TE200", "TE210", "TTP-244 Plus"],
    family: tspl,
    options: { question: "frame" },
    tcpPort: 9100,
    confirmed: false,
    source: `TSPL2 manual, <ESC>!S from firmware 6.29 EZ (TTP-244 Plus manual p. 85); ${unproven}`,
  }),
  definePrinter({
    model: "xprinter-xp420b",
    vendor: "Xprinter",
    names: ["XP-420B", "XP-460B", "XP-470B"],
    family: tspl,
    confirmed: false,
    source: `sold as TSPL printers; ${commands} not confirmed for them`,
  }),
  definePrinter({
    model: "gprinter-gp1324d",
    vendor: "Gprinter",
    names: ["GP-1324D", "GP-2120T", "GP-3120TU"],
    family: tspl,
    confirmed: false,
    source: `${commands} (GP-2120T manual p. 30), bit 6 cover open and bit 7 temperature as options`,
  }),
  definePrinter({
    model: "hprt-n41",
    vendor: "HPRT",
    names: ["N41", "LPQ58"],
    family: tspl,
    confirmed: false,
    source: `public code prints TSPL to it; ${commands} not confirmed for it`,
  }),
];
