import { z } from "zod";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1 } from "../kit/text.ts";
import { type CutLine, cutLine, layoutSchema } from "./line-layout.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createSteadySession } from "./steadiness.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const words = z.array(z.string().max(16)).max(16);
const unitNames = ["mg", "g", "kg", "t", "ct", "lb", "oz", "ozt"] as const;

/** An unknown scale, described by a technician after its manual. Data only: no code, no patterns. */
const optionsSchema = z.strictObject({
  layout: layoutSchema.default({
    by: "separator",
    separator: ",",
    fields: ["state", "net", "weight", "unit"],
  }),
  terminator: z.enum(["cr", "lf", "crlf", "stx-etx"]).default("crlf"),
  /** The words of the state field; "" is a blank one. A word in none of the lists refuses the line. */
  states: z
    .strictObject({
      stable: words.default([]),
      motion: words.default([]),
      over: words.default([]),
      under: words.default([]),
    })
    .default({ stable: ["ST"], motion: ["US"], over: ["OL"], under: ["UL"] }),
  /** For a layout without a state: "stable" where the scale speaks only at rest, else equal weights are rest. */
  withoutState: z.enum(["stable", "steady"]).default("steady"),
  steadyAnswers: z.int().min(1).max(20).default(3),
  /** The words of the net field that mean net; any other means gross. */
  netWords: words.default(["NT", "N"]),
  /** Whole lines the scale says instead while it cannot weigh yet. */
  busyLines: words.default([]),
  /** The scale's word for a unit where it is not the usual one, e.g. {"KGM": "kg"}. */
  unitWords: z.record(z.string().max(16), z.enum(unitNames)).default({}),
  /** For a layout without a unit. */
  unit: z.enum(unitNames).default("kg"),
  decimalMark: z.enum([".", ","]).default("."),
  /** The bytes that ask for one weight, in hex; null: the scale tells by itself. */
  pollHex: z
    .string()
    .regex(/^([0-9a-f]{2}){1,32}$/i)
    .nullable()
    .default(null),
  /** With `pollHex: null`, on a belt: one weight per parcel instead of a stream. */
  isPerParcel: z.boolean().default(false),
  repeatMs: z.int().min(50).max(5000).default(150),
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

/** One line of the described scale. A line that is not as described is refused whole. */
export function parseDescribedLine(frame: Uint8Array, options: Options): ScaleReply {
  const line = decodeLatin1(frame);
  if (options.busyLines.includes(line.trim())) return { reply: "unsettled" };
  const cut = cutLine(frame, options.layout);
  if (cut === null) return refuse("not the described layout", line);
  const netWord = cut.get("net") ?? "gross";
  // any word but those for net means gross; a damaged one means nothing
  if (!isPrintable(netWord)) return refuse("unknown net or gross", line);
  const net = options.netWords.includes(netWord);
  const state = readState(cut, options);
  if (state === null) return refuse("unknown state", line);
  if (state === "over" || state === "under") return withoutWeight(state, net);
  const weightGrams = readGrams(cut, options);
  return weightGrams === null ? refuse("unknown weight", line) : weightReply(weightGrams, state, net);
}

const isPrintable = (word: string): boolean =>
  [...word].every((letter) => letter >= " " && letter !== "\u007f");

type State = "stable" | "motion" | "over" | "under";

function readState(cut: CutLine, options: Options): State | null {
  const word = cut.get("state");
  if (word === undefined) return options.withoutState === "stable" ? "stable" : "motion";
  const states: readonly State[] = ["stable", "motion", "over", "under"];
  return states.find((state) => options.states[state].includes(word)) ?? null;
}

function readGrams(cut: CutLine, options: Options): number | null {
  const sign = cut.get("sign") ?? "";
  if (!["", "+", "-"].includes(sign)) return null;
  const both = cut.get("weight-and-unit");
  const unitStart = both === undefined ? 0 : both.search(/[a-zA-Z]/);
  if (unitStart < 0) return null;
  const digits = both === undefined ? (cut.get("weight") ?? "") : both.slice(0, unitStart);
  const unit = both === undefined ? cut.get("unit") : both.slice(unitStart);
  // a point where a comma is the mark would be a thousands separator
  if (options.decimalMark === "," && digits.includes(".")) return null;
  return toGrams(`${sign}${digits.replace(options.decimalMark, ".")}`, readUnit(unit, options));
}

function readUnit(word: string | undefined, { unit, unitWords }: Options): string {
  if (word === undefined) return unit;
  return new Map(Object.entries(unitWords)).get(word) ?? word;
}

/** No state in the layout: rest has to be seen from several weights. */
const needsSteadiness = ({ layout, withoutState }: Options): boolean => {
  const names = layout.by === "separator" ? layout.fields : layout.columns.map(({ field }) => field);
  return withoutState === "steady" && !names.includes("state");
};

const limitBytes = 512;

export const delimitedScale: Family<"scale", Options> = {
  name: "delimited-scale",
  kind: "scale",
  options: optionsSchema,
  createFramer: ({ terminator }) =>
    terminator === "stx-etx"
      ? createDelimitedFramer({ pairs: [stxEtx], limitBytes })
      : createLineFramer({ terminator, limitBytes }),
  createDecoder: (options) => createWeightDecoder((frame) => parseDescribedLine(frame, options)),
  createSession: (context) => {
    const { options } = context;
    const { pollHex, isPerParcel, repeatMs, lostMs, steadyAnswers } = options;
    const ask = pollHex === null ? null : Uint8Array.from(Buffer.from(pollHex, "hex"));
    const weighing = {
      parse: (frame: Uint8Array) => parseDescribedLine(frame, options),
      ask,
      repeatMs,
      lostMs,
      isPerParcel,
      ...(ask === null ? {} : { probe: ask }),
    };
    return needsSteadiness(options)
      ? createSteadySession(context, weighing, { answers: steadyAnswers, gapMs: repeatMs * 4 })
      : createWeighingSession(context, weighing);
  },
};

export const delimitedScaleModels = [
  /** Described by the site; as it stands it suits the ST,GS,...,kg lines of many indicators. */
  defineScale({
    model: "delimited-scale",
    vendor: "generic",
    names: ["Any scale that sends lines"],
    family: delimitedScale,
    confirmed: false,
    source: "described by the site; defaults after the Dini Argeo DGT4X manual p. 52",
  }),
  defineScale({
    model: "radwag-si",
    vendor: "RADWAG",
    names: ["PUE C/31H", "WTC", "WPT", "WPY"],
    family: delimitedScale,
    options: {
      layout: {
        by: "columns",
        lineLength: 19,
        columns: [
          { field: "state", start: 3, length: 1 },
          { field: "sign", start: 5, length: 1 },
          { field: "weight", start: 6, length: 9 },
          { field: "unit", start: 16, length: 3 },
        ],
      },
      states: { stable: [""], motion: ["?"], over: ["^"], under: ["v"] },
      busyLines: ["SI_I", "SI I", "SI_E", "SI E"],
      pollHex: "53490d0a",
    },
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "RADWAG PUE C/31H manual p. 58; line settings and how SI_I is really written are unconfirmed",
  }),
];
