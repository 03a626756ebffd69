import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** Number of an indicator set to command mode; null: it tells by itself. */
  deviceNumber: z
    .string()
    .regex(/^\d\d$/)
    .nullable()
    .default(null),
  repeatMs: z.int().min(50).max(5000).default(120),
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

/** Places in the line, CR LF not counted (CI-600D manual p. 74; CI-400 appendix 1). */
const lineBytes = 20;
const lampPlace = 7;
const dataPlace = 9;
const unitPlace = 18;
const header = /^(ST|US|OL),(GS|NT),$/;

const lampIsThere = 0x80;
const lampStable = 0x40;
const lampHold = 0x10;

/** ST,GS,<number><lamp>,<8 characters><blank or relays><unit>. Number, lamp and relays are bytes, not characters. */
export function parseCasLine(frame: Uint8Array): ScaleReply {
  if (frame.length === 1 && frame[0] === 0x21) return { reply: "repeat" };
  if (frame.length === 1 && frame[0] === 0x3f) return { reply: "error", reason: "?" };
  const head = header.exec(decodeLatin1(frame.subarray(0, 6)));
  if (!head || frame.length !== lineBytes || frame[dataPlace - 1] !== 0x2c) {
    return refuse("not a CAS line of 22 bytes", decodeLatin1(frame));
  }
  const net = head[2] === "NT";
  const digits = decodeLatin1(frame.subarray(dataPlace, dataPlace + 8));
  if (head[1] === "OL") return withoutWeight(digits.includes("-") ? "under" : "over", net);
  const unit = decodeLatin1(frame.subarray(unitPlace)).trim();
  const weightGrams = toGrams(digits, unit);
  if (weightGrams === null) {
    return { reply: "refused", reason: `unknown weight: ${quoteText(digits)} ${quoteText(unit)}` };
  }
  const isStable = head[1] === "ST" && saysLampStable(frame[lampPlace] ?? 0);
  return weightReply(weightGrams, isStable ? "stable" : "motion", net);
}

/** A held figure is not what lies on the platform now. Without its top bit the byte is no lamp byte at all. */
function saysLampStable(lamp: number): boolean {
  if ((lamp & lampIsThere) === 0) return true;
  return (lamp & lampStable) !== 0 && (lamp & lampHold) === 0;
}

/** CI-400 appendix 2: the indicator's number, then RW. */
const createQuestion = (deviceNumber: string | null) =>
  deviceNumber === null ? null : encodeText(`${deviceNumber}RW\r\n`);

export const cas22: Family<"scale", Options> = {
  name: "cas-22",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 64 }),
  createDecoder: () => createWeightDecoder(parseCasLine),
  createSession: (context) => {
    const { deviceNumber, repeatMs, lostMs } = context.options;
    const ask = createQuestion(deviceNumber);
    return createWeighingSession(context, {
      parse: parseCasLine,
      ask,
      repeatMs,
      lostMs,
      ...(ask === null ? {} : { probe: ask }),
    });
  },
};

export const cas22Models = [
  defineScale({
    model: "cas-22",
    vendor: "generic",
    names: ["CAS 22 byte stream"],
    family: cas22,
    confirmed: false,
    source: "CAS CI-600D manual p. 74, CI-400 manual p. 104 and 106; how a minus is written is unconfirmed",
  }),
  defineScale({
    model: "cas-ci-200",
    vendor: "CAS",
    names: ["CI-200A", "CI-201A"],
    family: cas22,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "format of the CI-400 and CI-600D manuals; line settings of the CI-200 unconfirmed",
  }),
  defineScale({
    model: "cas-nt-200",
    vendor: "CAS",
    names: ["NT-200A", "PDS"],
    family: cas22,
    serial: { baudRate: 9600 },
    confirmed: false,
    source:
      "CAS NT-200 manual p. 49, PDS manual p. 31: number as a character from 0x31; line settings unconfirmed",
  }),
];
