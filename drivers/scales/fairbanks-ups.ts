import { z } from "zod";
import { createMatchedFramer, type Match } from "../framing/matched.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import type { Cancel } from "../kit/clock.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** A weight waits so long for the EOT that may follow it and takes it back; serial adapters hold bytes for 16 ms. */
  holdMs: z.int().min(0).max(500).default(50),
  repeatMs: z.int().min(50).max(5000).default(150),
  /** Nothing heard for so long: the question or its answer was lost on the way. */
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

const EOT = 0x04;
const CR = 0x0d;
const LF = 0x0a;

/** Six characters of weight, with a sign seven: with fewer a digit was lost. "GR" at rest, "gr" moving. */
const weightLine = /^(?=.{6,7} [lk]) *(-? *\d{1,5}(?:\.\d{1,3})?) (lb|kg) (GR|gr) {2}\r\n$/;

function matchLine(held: Uint8Array): Match {
  if (held[0] === EOT) return 1;
  return held.at(-1) === LF && held.at(-2) === CR ? held.length : "more";
}

/** One line with its CR LF, or the EOT of a scale beyond its capacity (FB2255 manual 51297 p. 72). */
export function parseUpsReply(frame: Uint8Array): ScaleReply {
  if (isOver(frame)) return withoutWeight("over");
  const text = decodeLatin1(frame);
  const [, digits = "", unit = "", mark = ""] = weightLine.exec(text) ?? [];
  const weightGrams = toGrams(digits.replaceAll(" ", ""), unit);
  if (weightGrams === null) return refuse("not a UPS line", text);
  return weightReply(weightGrams, mark === "GR" ? "stable" : "motion", false);
}

const isOver = (frame: Uint8Array) => frame.length === 1 && frame[0] === EOT;

const weigh = encodeText("\r");

/**
 * Fairbanks' output for UPS WorldShip: a carriage return asks. Beyond capacity the scale sends an ordinary line and
 * then EOT, so a line is passed on only when no EOT came behind it.
 */
export const fairbanksUps: Family<"scale", Options> = {
  name: "fairbanks-ups",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createMatchedFramer({ match: matchLine, limitBytes: 40 }),
  createDecoder: () => createWeightDecoder(parseUpsReply),
  createSession: (context) => {
    const { holdMs, repeatMs, lostMs } = context.options;
    const session = createWeighingSession(context, {
      parse: parseUpsReply,
      ask: weigh,
      probe: weigh,
      repeatMs,
      lostMs,
    });
    let held: Uint8Array | null = null;
    let cancelHold: Cancel = () => undefined;
    const take = () => {
      cancelHold();
      const line = held;
      held = null;
      return line;
    };
    const release = () => {
      const line = take();
      if (line) session.onFrame(line);
    };

    return {
      ...session,
      onFrame: (frame) => {
        if (isOver(frame)) {
          take();
          return session.onFrame(frame);
        }
        release();
        held = frame;
        cancelHold = context.clock.after(holdMs, release);
      },
      onDown: (failure) => {
        take();
        session.onDown?.(failure);
      },
    };
  },
};

const base = {
  vendor: "Fairbanks",
  family: fairbanksUps,
  serial: { baudRate: 9600 },
  confirmed: false,
} as const;
const manual = "FB2255 manual 51297 p. 72";

export const fairbanksUpsModels = [
  /** For any scale set to UPS or WorldShip output. */
  defineScale({
    ...base,
    model: "fairbanks-ups",
    vendor: "generic",
    names: ["UPS WorldShip output"],
    source: `${manual}; what the line shows beyond capacity is unconfirmed`,
  }),
  defineScale({
    ...base,
    model: "fairbanks-fb2255",
    names: ["FB2255", "FB2250", "Yellow Jacket"],
    source: `${manual}; FB2250 and line settings unconfirmed`,
  }),
  defineScale({
    ...base,
    model: "fairbanks-ultegra",
    names: ["Ultegra", "SCB-R9000", "SCB-R9050"],
    source: `the frame is the FB2255's (${manual}); that these send it, and their line settings, are unconfirmed`,
  }),
];
