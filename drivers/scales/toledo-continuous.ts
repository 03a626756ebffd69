import { z } from "zod";
import { createMatchedFramer, type Match } from "../framing/matched.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1 } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** true: the last byte is a checksum and must be right. false: a byte behind the CR is overlooked. */
  checksum: z.boolean().default(false),
  /**
   * "clone": of the status bytes only decimals, net, sign, range, motion and kg are believed; the rest differs.
   * "unmarked": a clone whose status bytes may be control characters, so that only a checksum tells damage.
   */
  statusBytes: z.enum(["mettler-toledo", "clone", "unmarked"]).default("mettler-toledo"),
  /** "frame": the status bytes say. Some clones have that bit the other way round, or none. */
  unit: z.enum(["frame", "kg", "lb", "g", "t", "oz"]).default("frame"),
  /**
   * A display in steps of ten or a hundred ends in zeros that never change. Whether they are among the six digits
   * is told differently by different sources, a factor of ten, so such a weight is refused until the site says.
   */
  fixedZeros: z.enum(["unknown", "among-the-digits", "left-off"]).default("unknown"),
});
type Options = z.infer<typeof optionsSchema>;

const STX = 0x02;
const CR = 0x0d;
const digitsFrom = 4;
const digitCount = 6;
const shortCrAt = digitsFrom + digitCount;
const longCrAt = shortCrAt + digitCount;

const statusB = {
  net: 0x01,
  negative: 0x02,
  outOfRange: 0x04,
  motion: 0x08,
  kilograms: 0x10,
  notZeroed: 0x40,
};
const statusC = { unit: 0x07, expanded: 0x10 };
/** Bits of which at least one is set in every status byte, so that it is never a control character. */
const marks = { "mettler-toledo": 0x20, clone: 0x60, unmarked: 0 } as const;
/** 0: the bit in status B says pounds or kilograms. 5 to 7 (pennyweight, short ton, free) are refused. */
const unitsOfC: readonly (string | undefined)[] = [undefined, "g", "t", "oz", "ozt"];

const isPrintable = (byte: number) => byte >= 0x20 && byte < 0x7f;

/**
 * Status bytes of clones and checksums may be any byte, STX and CR too, so only positions tell: six characters,
 * then CR (without tare), or six more and CR. Bit 7 is parity where the line is read with eight bits.
 */
function matchFrame(held: Uint8Array, checksum: boolean): Match {
  const at = (position: number) => (held[position] ?? 0) & 0x7f;
  if (at(0) !== STX) return "none";
  const crAt = at(shortCrAt) === CR ? shortCrAt : longCrAt;
  for (let position = digitsFrom; position < Math.min(held.length, crAt); position += 1) {
    if (!isPrintable(at(position))) return "none";
  }
  if (held.length <= crAt) return "more";
  if (at(crAt) !== CR) return "none";
  const lengthBytes = crAt + (checksum ? 2 : 1);
  return held.length < lengthBytes ? "more" : lengthBytes;
}

/** One whole frame from STX on (Mettler-Toledo WILDCAT technical manual p. 6-4 and 6-5). */
export function parseContinuous(frame: Uint8Array, options: Options): ScaleReply {
  const bytes = frame.map((byte) => byte & 0x7f);
  const text = decodeLatin1(bytes);
  if (options.checksum && bytes.reduce((sum, byte) => sum + byte, 0) % 128 !== 0) {
    return refuse("wrong checksum", text);
  }
  const [, a = 0, b = 0, c = 0] = bytes;
  const isClone = options.statusBytes !== "mettler-toledo";
  const mark = marks[options.statusBytes];
  if (mark !== 0 && [a, b, c].some((byte) => (byte & mark) === 0)) return refuse("not a status", text);
  const net = (b & statusB.net) !== 0;
  const isNegative = (b & statusB.negative) !== 0;
  if ((b & statusB.outOfRange) !== 0) return withoutWeight(isNegative ? "under" : "over", net);
  if (!isClone && (b & statusB.notZeroed) !== 0) return withoutWeight("fault", net);
  if (!isClone && (c & statusC.expanded) !== 0) return refuse("an expanded display", text);

  const number = readNumber(text, a & 0x07, options.fixedZeros);
  const unit = options.unit === "frame" ? unitOf(b, isClone ? 0 : c) : options.unit;
  const weightGrams = number && unit ? toGrams(`${isNegative ? "-" : ""}${number}`, unit) : null;
  if (weightGrams === null) return refuse("no weight to be sure of", text);
  return weightReply(weightGrams, (b & statusB.motion) === 0 ? "stable" : "motion", net);
}

function unitOf(b: number, c: number): string | undefined {
  const code = c & statusC.unit;
  if (code !== 0) return unitsOfC[code];
  return (b & statusB.kilograms) === 0 ? "lb" : "kg";
}

/** "  1234" with code 4 is 12.34; null where the digits or the tare behind them are none, or zeros are in doubt. */
function readNumber(text: string, code: number, fixedZeros: Options["fixedZeros"]): string | null {
  const digits = text.slice(digitsFrom, shortCrAt).trimStart();
  const tare = text.slice(shortCrAt, longCrAt);
  if (!/^\d+$/.test(digits) || !/^(\r.{0,1}|[ \d]{6})$/s.test(tare)) return null;
  if (code < 2) {
    if (fixedZeros === "unknown") return null;
    return fixedZeros === "left-off" ? `${digits}${"0".repeat(2 - code)}` : digits;
  }
  const decimals = code - 2;
  const padded = digits.padStart(decimals + 1, "0");
  return `${padded.slice(0, padded.length - decimals)}.${padded.slice(padded.length - decimals)}`;
}

/** Says its weight several times a second and is never asked. */
export const toledoContinuous: Family<"scale", Options> = {
  name: "toledo-continuous",
  kind: "scale",
  options: optionsSchema,
  createFramer: ({ checksum }) =>
    createMatchedFramer({ match: (held) => matchFrame(held, checksum), limitBytes: 18, quietBytes: 2 }),
  createDecoder: (options) => createWeightDecoder((frame) => parseContinuous(frame, options)),
  createSession: (context) =>
    createWeighingSession(context, {
      parse: (frame) => parseContinuous(frame, context.options),
      ask: null,
      repeatMs: 100,
      lostMs: 1000,
    }),
};

const base = { family: toledoContinuous, serial: { baudRate: 9600 }, confirmed: false } as const;
const wildcat = "Mettler-Toledo WILDCAT technical manual p. 6-4, 6-5";
const unsure = "rate, parity and checksum are set at the instrument";

export const toledoContinuousModels = [
  defineScale({
    ...base,
    model: "toledo-continuous",
    vendor: "generic",
    names: ["Toledo continuous output"],
    source: `${wildcat}; ${unsure}; unit codes 2 to 4 of status C unconfirmed`,
  }),
  defineScale({
    ...base,
    model: "mettler-toledo-wildcat",
    vendor: "Mettler-Toledo",
    names: ["WILDCAT", "Panther"],
    source: `${wildcat}; ${unsure}; Panther unconfirmed`,
  }),
  defineScale({
    ...base,
    model: "mettler-toledo-ind",
    vendor: "Mettler-Toledo",
    names: ["IND445", "IND560", "IND570", "ICS425"],
    source: `IND445 user manual 22013194 p. 50; ${unsure}; IND560 and IND570 unconfirmed`,
  }),
  defineScale({
    ...base,
    model: "mettler-toledo-8142",
    vendor: "Mettler-Toledo",
    names: ["8142", "8530"],
    source: `Rice Lake 520 manual p. 76 and Cardinal 225 manual p. 118, which imitate them; ${unsure}`,
  }),
  defineScale({
    ...base,
    model: "mettler-toledo-jaguar",
    vendor: "Mettler-Toledo",
    names: ["Jaguar"],
    options: { fixedZeros: "among-the-digits" },
    source: `a recorded frame in the ScaleResource manual v1014 p. 119; ${unsure}`,
  }),
  defineScale({
    ...base,
    model: "fairbanks-fb3000",
    vendor: "Fairbanks",
    names: ["FB3000"],
    options: { statusBytes: "unmarked", checksum: true },
    source: "FB3000 manual p. 55: bit 5 of status B is 0; the checksum must be switched on at the instrument",
  }),
  defineScale({
    ...base,
    model: "liden-luw2001",
    vendor: "Liden Weighing",
    names: ["LUW2001", "LBW"],
    options: { statusBytes: "clone", unit: "kg" },
    source: `LUW2001 manual p. 15, 16: other constant bits, pounds in bit 0 of status C; ${unsure}`,
  }),
  defineScale({
    ...base,
    model: "keli-d2008",
    vendor: "Keli",
    names: ["D2008"],
    options: { statusBytes: "clone", unit: "kg" },
    source: `public code, which has the kg bit the other way round; ${unsure}`,
  }),
];
