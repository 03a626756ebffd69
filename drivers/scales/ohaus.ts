import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** IP answers at once, P and SP as the scale is set; older scales know only P. */
  question: z.enum(["IP", "P", "SP"]).default("IP"),
  /** Asked too often the display says nothing but "Print": a public report names four times a second. */
  repeatMs: z.int().min(50).max(5000).default(300),
  lostMs: z.int().min(200).max(60_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

/** Sign, weight, unit, "?" while in motion, legend; interval printing adds the time (Defender 3000 p. 37). */
const weightLine =
  /^ *(-?) *(\d+(?:\.\d*)?) +([a-zA-Z]{1,5}) *(\??) *(G|B\/G|NET|N|T|TOTAL)? *(?:\d\d:\d\d:\d\d)? *$/;
const errorLine = /^\[?Err(?:or)? ?(\d+(?:\.\d)?)\]?$/;
const otherLegends = new Set(["T", "TOTAL"]);

/** One line of Ohaus' own command set; a scale switched to PSI speaks MT-SICS and is another family. */
export function parseOhausLine(frame: Uint8Array, question: Options["question"]): ScaleReply {
  const line = decodeLatin1(frame);
  const weight = weightLine.exec(line);
  if (!weight) return parsePlain(line, question);
  const [, sign = "", digits = "", unit = "", motion, legend = ""] = weight;
  // a tare or a sum is told in the same form, and is not what lies on the platform
  if (otherLegends.has(legend)) return { reply: "other", about: legend };
  const weightGrams = toGrams(`${sign}${digits}`, unit);
  if (weightGrams === null) return refuse("unknown weight", line);
  return weightReply(weightGrams, motion === "?" ? "motion" : "stable", legend.startsWith("N"));
}

function parsePlain(line: string, question: Options["question"]): ScaleReply {
  const plain = line.trim();
  const error = errorLine.exec(plain)?.[1];
  if (error === "8.3") return withoutWeight("over");
  if (error === "8.4") return withoutWeight("under");
  if (error !== undefined) return withoutWeight("fault");
  if (plain === "OK!") return { reply: "other", about: plain };
  if (plain !== "ES") return refuse("not an Ohaus line", line);
  // also said after waiting 40 seconds in vain for rest; IP does not wait
  return question === "IP" ? { reply: "error", reason: plain } : { reply: "unsettled" };
}

export const ohaus: Family<"scale", Options> = {
  name: "ohaus",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 64 }),
  createDecoder: ({ question }) => createWeightDecoder((frame) => parseOhausLine(frame, question)),
  createSession: (context) => {
    const { question, repeatMs, lostMs } = context.options;
    const ask = encodeText(`${question}\r\n`);
    const parse = (frame: Uint8Array) => parseOhausLine(frame, question);
    return createWeighingSession(context, { parse, ask, probe: ask, repeatMs, lostMs });
  },
};

export const ohausModels = [
  defineScale({
    model: "ohaus",
    vendor: "generic",
    names: ["Ohaus command set"],
    family: ohaus,
    confirmed: false,
    source:
      "Ohaus Defender 3000 manual p. 37, Ranger RC p. 36; that errors 8.3 and 8.4 are sent is unconfirmed",
  }),
  defineScale({
    model: "ohaus-defender-3000",
    vendor: "Ohaus",
    names: ["Defender 3000", "T32XW", "T31P"],
    family: ohaus,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "Ohaus 3000 series indicator manual p. 37; public report on the Defender 3000",
  }),
  defineScale({
    model: "ohaus-ranger",
    vendor: "Ohaus",
    names: ["Ranger RC", "Ranger RD", "Ranger RP"],
    family: ohaus,
    options: { question: "P" },
    serial: { baudRate: 9600 },
    confirmed: false,
    source:
      "Ohaus Ranger RC manual p. 36, RP manual p. 48; it must be set to dialog mode; line settings unconfirmed",
  }),
  defineScale({
    model: "ohaus-scout-pro",
    vendor: "Ohaus",
    names: ["Scout Pro", "Traveler"],
    family: ohaus,
    options: { question: "P" },
    serial: { baudRate: 2400, dataBits: 7 },
    confirmed: false,
    source: "Ohaus RS232 interface manual p. 3: knows no IP; factory line settings unconfirmed",
  }),
];
