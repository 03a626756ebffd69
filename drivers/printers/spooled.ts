import { z } from "zod";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
import { definePrinter } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeUtf8, encodeText, quoteText } from "../kit/text.ts";
import { countLabels } from "./count-labels.ts";
import { countCpclLabels } from "./cpcl.ts";
import { countEplLabels } from "./epl.ts";
import { countEscposLabels } from "./escpos.ts";
import { createPrinterSession, printerOptions, type PrinterLanguage, toReadings } from "./print-session.ts";
import { describeStatus, type ReplyPart } from "./printer-status.ts";
import { countTsplLabels } from "./tspl.ts";

const counters = {
  zpl: countLabels,
  tspl: countTsplLabels,
  epl: countEplLabels,
  cpcl: countCpclLabels,
  escpos: countEscposLabels,
} as const;

const optionsSchema = z.strictObject({
  /** What the printer behind the queue understands: the queue passes the bytes through unread. */
  language: z.enum(["zpl", "tspl", "epl", "cpcl", "escpos"]).default("zpl"),
  ...printerOptions,
  pollMs: z.int().min(20).max(5000).default(500),
  /** A program has to be started for every question. */
  silenceMs: z.int().min(200).max(30_000).default(8000),
});
type Options = z.infer<typeof optionsSchema>;

const refused = (reason: string): ReplyPart => ({ part: "refused", reason });

/** A frame: what lpstat says of the queue, "windows <status> <jobs>", or "job <tag> <state>". */
export function parseQueueAnswer(frame: Uint8Array): ReplyPart {
  const text = decodeUtf8(frame);
  if (text === null) return refused("not UTF-8");
  // the transport sends none: what holds one was damaged, and a damaged word may hide trouble
  if (/[\u0000-\u0008\u000b-\u001f]/.test(text)) return refused(`damaged: ${quoteText(text)}`);
  const job = /^job (\S{4}) (.+)$/s.exec(text);
  if (job) {
    const isDone = job[2] === "completed";
    return isDone
      ? { part: "receipt", tag: job[1] ?? "" }
      : refused(`job in the queue: ${quoteText(job[2] ?? "")}`);
  }
  const windows = /^windows (-?\d{1,10}) (\d{1,6})\s*$/.exec(text);
  return windows ? readWindows(Number(windows[1]), Number(windows[2])) : readLpstat(text);
}

/** PRINTER_STATUS_ bits of winspool.h. */
const windowsBits = { paused: 0x1, paperOut: 0x10 | 0x40, headOpen: 0x40_0000, ribbonOut: 0x4_0000 } as const;
const windowsFaults: ReadonlyMap<number, string> = new Map([
  [0x2, "error"],
  [0x8, "paper jam"],
  [0x80, "offline"],
  [0x1000, "not available"],
  [0x10_0000, "needs a person"],
  [0x20_0000, "out of memory"],
]);

function readWindows(bits: number, jobs: number): ReplyPart {
  const has = (flag: number) => (bits & flag) !== 0;
  const faults = [...windowsFaults].filter(([bit]) => has(bit)).map(([, name]) => name);
  const flags = {
    paused: has(windowsBits.paused),
    paperOut: has(windowsBits.paperOut),
    headOpen: has(windowsBits.headOpen),
    ribbonOut: has(windowsBits.ribbonOut),
  };
  return queueStatus(flags, jobs, faults);
}

/** printer-state-reasons of RFC 8011 that CUPS shows as alerts; what only warns keeps no label from coming out. */
const alertFlags: ReadonlyMap<string, "paperOut" | "headOpen" | "ribbonOut" | "paused"> = new Map([
  ["media-empty", "paperOut"],
  ["media-needed", "paperOut"],
  ["cover-open", "headOpen"],
  ["door-open", "headOpen"],
  ["marker-supply-empty", "ribbonOut"],
  ["paused", "paused"],
]);
const alertFaults = new Set(["media-jam", "offline", "shutdown", "timed-out", "fuser-over-temp", "other"]);

function readLpstat(text: string): ReplyPart {
  const lines = text.split("\n");
  const state = lines.find((line) => line.startsWith("printer "));
  const word = /^printer \S+ (is idle|now printing|disabled)/.exec(state ?? "")?.[1];
  if (word === undefined) return refused(`no queue described: ${quoteText(text)}`);
  const alerts = /^\tAlerts: (.*)$/m.exec(text)?.[1]?.split(/[ ,]+/) ?? [];
  const names = alerts.map((alert) => alert.replace(/-(?:report|error)$/, ""));
  const flags: { [Flag in "paperOut" | "headOpen" | "ribbonOut" | "paused"]?: boolean } = {};
  for (const name of names) {
    const flag = alertFlags.get(name);
    if (flag !== undefined) flags[flag] = true;
  }
  const faults = names.filter((name) => alertFaults.has(name));
  if (lines.some((line) => /^\S+ not accepting requests/.test(line))) faults.push("takes no jobs");
  // a job stands at the line's begin as <queue>-<number> and its owner
  const jobs = lines.filter((line) => /^\S+-\d+\s+\S+\s+\d+/.test(line)).length;
  return queueStatus({ ...flags, ...(word === "disabled" ? { paused: true } : {}) }, jobs, faults);
}

function queueStatus(
  flags: Parameters<typeof describeStatus>[0],
  jobs: number,
  faults: readonly string[],
): ReplyPart {
  const status = describeStatus(
    flags,
    jobs > 0 ? "busy" : "idle",
    faults.length > 0 ? faults.join(", ") : null,
  );
  return { part: "status", status: { ...status, reading: { ...status.reading, jobsWaiting: jobs } } };
}

const toLanguage = ({ language }: Options): PrinterLanguage => ({
  askStatus: encodeText("S"),
  askCounter: null,
  countLabels: counters[language],
  createCollector: () => parseQueueAnswer,
  proof: "receipt",
  isSubmittedWhole: true,
  receipt: (job, bytes) => {
    const tag = String(job % 10_000).padStart(4, "0");
    const request = new Uint8Array(bytes.length + 5);
    request.set(encodeText(`P${tag}`));
    request.set(bytes, 5);
    return { request, tag, count: 1 };
  },
});

/**
 * A print queue of the operating system, over a connection of type "spooler". Its state is the queue's, not the
 * printer's: "printed" means the queue says the job is completed, which a printer out of labels may still belie.
 */
export const spooled: Family<"printer", Options> = {
  name: "spooled",
  kind: "printer",
  options: optionsSchema,
  createFramer: () => createDelimitedFramer({ pairs: [stxEtx], limitBytes: 8000 }),
  createDecoder: () => (frame) => toReadings(parseQueueAnswer(frame)),
  createSession: (context) => createPrinterSession(context, toLanguage(context.options)),
};

export const spooledModels = [
  definePrinter({
    model: "spooled",
    vendor: "generic",
    names: ["Print queue of the system (CUPS, Windows)"],
    family: spooled,
    confirmed: false,
    source:
      "CUPS 2.4.2 lpstat as recorded, RFC 8011 printer-state-reasons; Windows: PRINTER_STATUS of winspool.h, not run yet",
  }),
];
