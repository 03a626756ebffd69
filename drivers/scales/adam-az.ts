import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

/**
 * The AZextra tells each weight once, at rest, and never tells zero; asked again it beeps and says nothing.
 * So it is asked seldom, only while somebody waits for a weight, and never to see whether it is still there.
 * A weight lost on the line is lost: the parcel has to be lifted and laid down again.
 */
const optionsSchema = z.strictObject({
  /** Between two questions while it has not answered; each may be a beep. */
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

const weightLine = /^ *(-?) *(\d+\.\d+) *(kg|g|lb|oz) *$/;

/** A line of label format 3; the other formats print more, which is refused line by line. */
export function parseAzLine(frame: Uint8Array): ScaleReply {
  const line = decodeLatin1(frame);
  const [, sign = "", digits = "", unit = ""] = weightLine.exec(line) ?? [];
  const weightGrams = toGrams(`${sign}${digits}`, unit);
  return weightGrams === null ? refuse("not an AZ weight", line) : weightReply(weightGrams, "stable", false);
}

export const adamAz: Family<"scale", Options> = {
  name: "adam-az",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 64 }),
  createDecoder: () => createWeightDecoder(parseAzLine),
  createSession: (context) =>
    createWeighingSession(context, {
      parse: parseAzLine,
      ask: encodeText("P\r\n"),
      repeatMs: context.options.lostMs,
      lostMs: context.options.lostMs,
    }),
};

export const adamAzModels = [
  defineScale({
    model: "adam-az",
    vendor: "generic",
    names: ["Adam AZ scale"],
    family: adamAz,
    serial: { baudRate: 4800 },
    confirmed: false,
    source: "Adam AZextra manual p. 14; when it is silent and when it beeps: public driver, unconfirmed",
  }),
  defineScale({
    model: "adam-azextra",
    vendor: "Adam Equipment",
    names: ["AZextra 6P", "AZextra 15P", "AZextra 30P"],
    family: adamAz,
    serial: { baudRate: 4800 },
    confirmed: false,
    source: "Adam AZextra manual p. 14; public driver: 4800 8N1, label format 3 in kilograms",
  }),
];
