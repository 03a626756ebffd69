import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** What the scale is asked with; null: it is set to tell by itself. */
  question: z.string().min(1).max(16).nullable().default("Q"),
  /** With `question: null`, on a belt: one weight per parcel instead of a stream. */
  isPerParcel: z.boolean().default(false),
  /** "t" is a tonne on indicators, but a tola (about 12 g) on A&D's balances. */
  isTonne: z.boolean().default(false),
  repeatMs: z.int().min(50).max(5000).default(120),
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

/** State, then gross, net or tare, or the verdict of a comparison; two digits before are an RS-485 address. */
const head = /^(?:\d\d)?(ST|US|OL|UL|TL|QT),(?:(GS|NT|TR|PT|OK|LO|HI|--|[GNT] )[, ])?(.*)$/;
const value = /^ *([+-]? *\d+(?:\.\d*)?) *,? *([a-zA-Z]{1,3}) *$/;
const complaint = /^EC,(E\w{1,3})$/;

const netWords = new Set(["NT", "N "]);
const tareWords = new Set(["TR", "PT", "T "]);

/** One line of A&D's standard format (EK-L manual p. 28) and of the indicators that took it over. */
export function parseAndLine(frame: Uint8Array, isTonne: boolean): ScaleReply {
  const line = decodeLatin1(frame);
  const [, state, second = "", rest = ""] = head.exec(line) ?? [];
  if (state === undefined) return parseComplaint(line);
  const net = netWords.has(second);
  // a tare is told in the same words, and is not what lies on the platform
  if (tareWords.has(second)) return { reply: "other", about: "tare" };
  if (state === "OL") return withoutWeight(rest.trim().startsWith("-") ? "under" : "over", net);
  if (state === "UL") return withoutWeight("under", net);
  // LTP manual p. 43: not level
  if (state === "TL") return withoutWeight("fault", net);
  if (state === "QT") return refuse("counts pieces", line);
  const [, digits = "", unit = ""] = value.exec(rest) ?? [];
  const weightGrams = unit === "t" && !isTonne ? null : toGrams(digits, unit);
  if (weightGrams === null) return refuse("unknown weight", line);
  return weightReply(weightGrams, state === "ST" ? "stable" : "motion", net);
}

/** HC-i manual p. 50. E2: not ready; E0: the line was disturbed. */
function parseComplaint(line: string): ScaleReply {
  const code = complaint.exec(line)?.[1];
  if (code === undefined) return refuse("not an A&D line", line);
  if (code === "E2" || code === "E02") return { reply: "unsettled" };
  return code === "E0" || code === "E00" ? { reply: "repeat" } : { reply: "error", reason: line };
}

export const andStandard: Family<"scale", Options> = {
  name: "and-standard",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 64 }),
  createDecoder: ({ isTonne }) => createWeightDecoder((frame) => parseAndLine(frame, isTonne)),
  createSession: (context) => {
    const { question, isPerParcel, isTonne, repeatMs, lostMs } = context.options;
    const ask = question === null ? null : encodeText(`${question}\r\n`);
    return createWeighingSession(context, {
      parse: (frame) => parseAndLine(frame, isTonne),
      ask,
      repeatMs,
      lostMs,
      isPerParcel,
      ...(ask === null ? {} : { probe: ask }),
    });
  },
};

/** A&D's balances and scales leave the factory so (EK-L, GX-A, HC-i manuals). */
const andLine = { baudRate: 2400, dataBits: 7, parity: "even" } as const;

export const andStandardModels = [
  defineScale({
    model: "and-standard",
    vendor: "generic",
    names: ["A&D standard format"],
    family: andStandard,
    confirmed: false,
    source:
      "A&D EK-L manual p. 28, GC manual p. 51, GX-A communication manual p. 16; Q itself is unconfirmed",
  }),
  defineScale({
    model: "and-ek",
    vendor: "A&D",
    names: ["EK-i", "EK-L", "EJ", "HC-i"],
    family: andStandard,
    serial: andLine,
    confirmed: false,
    source: "A&D EK-L manual p. 28, EJ manual p. 24; factory line settings unconfirmed",
  }),
  defineScale({
    model: "and-gx",
    vendor: "A&D",
    names: ["GX-A", "GF-A", "FG-K"],
    family: andStandard,
    serial: andLine,
    confirmed: false,
    source: "A&D GX-A/GF-A communication manual p. 16; FG-K and factory line settings unconfirmed",
  }),
  defineScale({
    model: "dini-argeo",
    vendor: "Dini Argeo",
    names: ["DFW", "DGT4X", "LTP", "3590E", "CPWE"],
    family: andStandard,
    options: { question: "READ", isTonne: true },
    serial: { baudRate: 9600 },
    confirmed: false,
    source:
      "Dini Argeo DGT4X manual p. 52, LTP manual p. 43, DFW serial protocol: READ; line settings unconfirmed",
  }),
  defineScale({
    model: "kern-kfb",
    vendor: "KERN",
    names: ["KFB-TM", "IFB"],
    family: andStandard,
    options: { question: null, isTonne: true },
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "public code for KERN indicators sending ST,GS,; the models that do are unconfirmed",
  }),
  defineScale({
    model: "general-measure-m02",
    vendor: "General Measure",
    names: ["M02"],
    family: andStandard,
    options: { question: null, isTonne: true },
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "General Measure M02 manual p. 56; line settings unconfirmed",
  }),
];
