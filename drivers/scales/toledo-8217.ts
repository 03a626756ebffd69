import { z } from "zod";
import { createDelimitedFramer } from "../framing/delimited.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /**
   * The frame does not say. "by-decimals": two decimals are pounds, three kilograms, as Mettler-Toledo's own scales
   * have it (Diva service manual p. 39, 44); others show any unit with two, and need the unit set by the site.
   */
  unit: z.enum(["by-decimals", "lb", "kg", "g", "oz"]).default("by-decimals"),
  /** The scale wants 200 ms between two commands (Diva service manual p. 43). */
  repeatMs: z.int().min(50).max(5000).default(200),
  /** Nothing heard for so long: the question or its answer was lost on the way. */
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

const weightPattern = /^ {0,6}(\d{0,6}\.(\d{1,4})|\d{5,7})(N?)$/;
/** Bits 5 to 7 differ from maker to maker: parity, "net", always 1. */
const flags = {
  motion: 0x01,
  over: 0x02,
  underZero: 0x04,
  all: 0x1f,
} as const;

/** What stands between STX and CR (Diva service manual p. 39, 44, 45; EH-SCP of the Brecknell 67xxU p. 74). */
export function parse8217Reply(frame: Uint8Array, unit: Options["unit"]): ScaleReply {
  const text = decodeLatin1(frame);
  if (text.startsWith("?")) return parseStatus(frame, text);
  // CR alone acknowledges the start of a self test, E the start of an echo test
  if (text === "" || text === "E") return { reply: "other", about: "test" };
  const [, digits = "", fraction = "", net = ""] = weightPattern.exec(text) ?? [];
  const measured = unit === "by-decimals" ? unitOfDecimals(fraction.length) : unit;
  if (digits === "") return refuse("not a reply of the 8217", text);
  if (measured === null) return refuse("a weight whose unit must be set", text);
  const weightGrams = toGrams(digits.startsWith(".") ? `0${digits}` : digits, measured);
  if (weightGrams === null) return refuse("unknown weight", text);
  return weightReply(weightGrams, "stable", net === "N");
}

function unitOfDecimals(decimals: number): "lb" | "kg" | null {
  if (decimals === 2) return "lb";
  return decimals === 3 ? "kg" : null;
}

/** No flag at all: the weight has been told and has not changed since (seen in public code). */
function parseStatus(frame: Uint8Array, text: string): ScaleReply {
  if (frame.length !== 2) return refuse("not a status", text);
  const status = (frame[1] ?? 0) & flags.all;
  if ((status & flags.motion) !== 0) return { reply: "unsettled" };
  if ((status & flags.over) !== 0) return withoutWeight("over");
  if ((status & flags.underZero) !== 0) return withoutWeight("under");
  return status === 0 ? { reply: "unchanged" } : { reply: "unsettled" };
}

const weigh = encodeText("W");

/** Mettler-Toledo 8217, 8213 and EH-SCP: one letter asks; a weight comes only at rest and not below zero. */
export const toledo8217: Family<"scale", Options> = {
  name: "toledo-8217",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createDelimitedFramer({ pairs: [{ open: 0x02, close: 0x0d }], limitBytes: 16 }),
  createDecoder: ({ unit }) => createWeightDecoder((frame) => parse8217Reply(frame, unit)),
  createSession: (context) => {
    const { unit, repeatMs, lostMs } = context.options;
    const parse = (frame: Uint8Array) => parse8217Reply(frame, unit);
    return createWeighingSession(context, { parse, ask: weigh, probe: weigh, repeatMs, lostMs });
  },
};

const line = { baudRate: 9600, dataBits: 7, parity: "even" } as const;
const mettler = { vendor: "Mettler-Toledo", family: toledo8217, serial: line, confirmed: false } as const;
const diva = "Mettler-Toledo Diva service manual 72191202, 6.1.3 and 6.1.4";
const anyUnit = "shows any unit with two decimals; the unit is the site's to set, lb is a guess";

export const toledo8217Models = [
  /** For any scale set to 8217, 8213 or EH-SCP. */
  defineScale({
    ...mettler,
    model: "toledo-8217",
    vendor: "generic",
    names: ["Toledo 8217", "8213", "EH-SCP"],
    source: `${diva}; "unchanged" is known from public code only`,
  }),
  defineScale({
    ...mettler,
    model: "mettler-toledo-viva",
    names: ["Viva", "Diva"],
    source: `${diva}; that the Viva does the same is known from public code`,
  }),
  defineScale({
    ...mettler,
    model: "mettler-toledo-ariva",
    names: ["Ariva-S"],
    source: "public code names it as an 8217; line settings and decimals unconfirmed",
  }),
  defineScale({
    ...mettler,
    model: "mettler-toledo-ps60",
    names: ["PS60", "PS30", "PS15"],
    options: { unit: "lb" },
    source: `public code; ${anyUnit} (60 kg by 20 g would be two decimals too)`,
  }),
  defineScale({
    ...mettler,
    model: "brecknell-67xxu-eh-scp",
    vendor: "Brecknell",
    names: ["6702U", "6710U", "6712U", "6720U"],
    options: { unit: "lb" },
    source: `67XXU service manual p. 74; ${anyUnit}`,
  }),
  defineScale({
    ...mettler,
    model: "salter-brecknell-3700lp",
    vendor: "Salter Brecknell",
    names: ["3700LP"],
    options: { unit: "lb" },
    source: `3700LP user's manual p. 11; ${anyUnit}; grams come without a point`,
  }),
  defineScale({
    ...mettler,
    model: "transcell-pc-150",
    vendor: "Transcell",
    names: ["PC-30", "PC-70", "PC-150"],
    options: { unit: "lb" },
    source: `PC-150 manual p. B-3; ${anyUnit}`,
  }),
];
