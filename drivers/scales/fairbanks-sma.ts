import { z } from "zod";
import { createDelimitedFramer } from "../framing/delimited.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  repeatMs: z.int().min(50).max(5000).default(150),
  /** Nothing heard for so long: the question or its answer was lost on the way. */
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

/** Status, range, gross or net, motion, reserved, ten characters of weight, three of unit; some fill up with `_`. */
const standardReply = /^([ ZOUEIT])([ 1-9])([GNTgn])([ M_])([ -~])_?([-. \d_]{10})([ A-Za-z]{3})$/;
const dashes = /^ *-{4,} *$/;
const aboutLine = /^([A-Z]{3}):[ -~]{0,60}$/;

/** What stands between LF and CR (SMA level 2; Fairbanks PR5410 manual 51207 p. 120 to 124). */
export function parseSmaReply(frame: Uint8Array): ScaleReply {
  const text = decodeLatin1(frame);
  if (text === "?") return { reply: "error", reason: "?" };
  // the question came in damaged
  if (text === "!") return { reply: "repeat" };
  const about = aboutLine.exec(text);
  if (about) return { reply: "other", about: about[1] ?? "" };
  const fields = standardReply.exec(text);
  if (!fields) return refuse("not an SMA reply", text);
  const [, status = "", , mode = "", motion = "", , weight = "", unit = ""] = fields;
  // the tare, asked for by somebody else
  if (mode === "T") return { reply: "other", about: "tare" };
  const net = mode.toUpperCase() === "N";
  if (status === "O") return withoutWeight("over", net);
  if (status === "U") return withoutWeight("under", net);
  if (status !== " " && status !== "Z") return withoutWeight("fault", net);
  // the question for a weight at rest ran out of patience
  if (dashes.test(weight)) return { reply: "unsettled" };
  const weightGrams = toGrams(weight.replace(/[ _]/g, ""), unit.trim());
  if (weightGrams === null) return refuse("unknown weight", text);
  return weightReply(weightGrams, motion === "M" ? "motion" : "stable", net);
}

const aboutScale = encodeText("\nA\r");

/** The protocol of the Scale Manufacturers Association, as Fairbanks and Sartorius instruments speak it. */
export const fairbanksSma: Family<"scale", Options> = {
  name: "fairbanks-sma",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createDelimitedFramer({ pairs: [{ open: 0x0a, close: 0x0d }], limitBytes: 80 }),
  createDecoder: () => createWeightDecoder(parseSmaReply),
  createSession: (context) =>
    createWeighingSession(context, {
      parse: parseSmaReply,
      ask: encodeText("\nW\r"),
      repeatMs: context.options.repeatMs,
      lostMs: context.options.lostMs,
      // its version, or the complaint of a scale that does not know the question: both come in turn
      fence: {
        bytes: aboutScale,
        isAnswer: (reply) => reply.reply === "error" || (reply.reply === "other" && reply.about === "SMA"),
      },
      probe: aboutScale,
    }),
};

const base = { family: fairbanksSma, serial: { baudRate: 9600 }, confirmed: false } as const;

export const fairbanksSmaModels = [
  /** For any scale set to SMA. */
  defineScale({
    ...base,
    model: "fairbanks-sma",
    vendor: "generic",
    names: ["SMA protocol"],
    source:
      "Fairbanks PR5410 manual 51207 p. 120 to 124; that A is answered by SMA: is unconfirmed; lines as set at the scale",
  }),
  defineScale({
    ...base,
    model: "fairbanks-x-series",
    vendor: "Fairbanks",
    names: ["PR 5410", "PR 5220", "X-Series"],
    source:
      "Fairbanks PR5410 manual 51207 p. 120 to 124, PR5220 manual 51209 p. 72; line settings unconfirmed",
  }),
  defineScale({
    ...base,
    model: "fairbanks-fb2255-sma",
    vendor: "Fairbanks",
    names: ["FB2255", "FB2250", "FB3000"],
    source: "listed as an output of these instruments; the frame is the PR5410's, line settings unconfirmed",
  }),
  defineScale({
    ...base,
    model: "sartorius-pr-52",
    vendor: "Sartorius",
    names: ["PR 5210", "PR 5211", "PR 5220"],
    source: "Sartorius PR 5210 manual p. 37, PR 5220 manual p. 130; line settings unconfirmed",
  }),
];
