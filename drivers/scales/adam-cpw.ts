import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createSteadySession } from "./steadiness.ts";
import { createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** Gross, or net of a tare set at the scale. */
  weight: z.enum(["gross", "net"]).default("gross"),
  /** The line does not tell rest from motion: so many equal weights in a row are rest. */
  steadyAnswers: z.int().min(1).max(20).default(3),
  repeatMs: z.int().min(50).max(5000).default(150),
  lostMs: z.int().min(200).max(30_000).default(800),
});
type Options = z.infer<typeof optionsSchema>;

/** "G + 2.00 kg" in the manual; "G/W  + 5.00 lb" and no head at all on other firmware. */
const weightLine = /^ *(?:([GNT])(?:\/W)? *)?([+-]) *(\d+(?:\.\d*)?) *([a-z]{1,2}) *$/;
const troubleLine = /^ *(?:[GN](?:\/W)? *)?-*(OL|LO|Err ?\d+)-* *$/;

/** One answer of a CPWplus (manual p. 14). It knows no word for motion; `requestWeight` finds out (steadiness.ts). */
export function parseCpwLine(frame: Uint8Array): ScaleReply {
  const line = decodeLatin1(frame);
  const trouble = troubleLine.exec(line)?.[1];
  if (trouble === "OL") return withoutWeight("over");
  if (trouble !== undefined) return withoutWeight(trouble === "LO" ? "under" : "fault");
  const weight = weightLine.exec(line);
  if (!weight) return refuse("not a CPW answer", line);
  const [, about, sign = "", digits = "", unit = ""] = weight;
  if (about === "T") return { reply: "other", about: "tare" };
  const weightGrams = toGrams(`${sign}${digits}`, unit);
  if (weightGrams === null) return refuse("unknown weight", line);
  return weightReply(weightGrams, "stable", about === "N");
}

export const adamCpw: Family<"scale", Options> = {
  name: "adam-cpw",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 64 }),
  createDecoder: () => createWeightDecoder(parseCpwLine),
  createSession: (context) => {
    const { weight, steadyAnswers, repeatMs, lostMs } = context.options;
    const ask = encodeText(weight === "net" ? "N\r\n" : "G\r\n");
    const weighing = { parse: parseCpwLine, ask, probe: ask, repeatMs, lostMs };
    return createSteadySession(context, weighing, { answers: steadyAnswers, gapMs: repeatMs * 4 });
  },
};

export const adamCpwModels = [
  defineScale({
    model: "adam-cpw",
    vendor: "generic",
    names: ["Adam CPW scale"],
    family: adamCpw,
    confirmed: false,
    source:
      "Adam CPWplus manual p. 14; public code for the heads; what it says when overloaded is unconfirmed",
  }),
  defineScale({
    model: "adam-cpwplus",
    vendor: "Adam Equipment",
    names: ["CPWplus 6", "CPWplus 15", "CPWplus 35", "CPWplus 75", "CPWplus 150", "CPWplus 200"],
    family: adamCpw,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "public driver for the CPWplus (9600 8N1, set to trn 1: it speaks only when asked)",
  }),
];
