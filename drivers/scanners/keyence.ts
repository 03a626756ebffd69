import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
import { createLineFramer } from "../framing/line.ts";
import { defineScanner } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeUtf8, encodeText } from "../kit/text.ts";
import { readText, readTextOptions } from "./read-text.ts";
import { createTriggeringSession, triggeringOptions } from "./triggering.ts";

const optionsSchema = z.strictObject({
  /** Header and terminator of the result data; commands go out in the same form. */
  framing: z.enum(["line", "stx-etx"]).default("line"),
  maximumBytes: z.int().min(1).max(4096).default(1024),
  ...readTextOptions,
  noReadWords: readTextOptions.noReadWords.default(["ERROR"]),
  ...triggeringOptions,
});
type Options = z.infer<typeof optionsSchema>;

/** Answers to commands, sent before the result; a scanner set to "SR-600 compatible" sends none. */
const answerPattern = /^(?:(OK),(LON|LOFF)|(ER),(LON|LOFF),([0-9A-Za-z]{2}))$/;

export function parseResult(frame: Uint8Array, options: Options): readonly Reading[] {
  const text = decodeUtf8(frame);
  if (text === null) return [{ kind: "refused", reason: "not UTF-8" }];
  const [answered, isDone, , , command, code] = answerPattern.exec(text) ?? [];
  if (answered === undefined) return readText(text, options);
  // LOFF is refused where the search has ended by itself, its result just ahead of this
  return isDone || command === "LOFF"
    ? []
    : [{ kind: "refused", reason: `the scanner refused ${command} with error ${code}` }];
}

const encodeCommand = (command: string, { framing }: Options): Uint8Array =>
  encodeText(framing === "line" ? `${command}\r` : `\u0002${command}\u0003`);

export const keyence: Family<"scanner", Options> = {
  name: "keyence",
  kind: "scanner",
  options: optionsSchema,
  createFramer: ({ framing, maximumBytes: limitBytes }) =>
    framing === "line"
      ? createLineFramer({ terminator: "cr", limitBytes })
      : createDelimitedFramer({ pairs: [stxEtx], limitBytes }),
  createDecoder: (options) => (frame) => parseResult(frame, options),
  createSession: (context) =>
    createTriggeringSession(context, {
      decode: (frame) => parseResult(frame, context.options),
      start: encodeCommand("LON", context.options),
      stop: encodeCommand("LOFF", context.options),
    }),
};

export const keyenceModels = [
  defineScanner({
    model: "keyence",
    vendor: "generic",
    names: ["Keyence SR protocol, TCP or RS-232"],
    family: keyence,
    tcpPort: 9004,
    confirmed: false,
    source:
      "SR-750 manual, pages 71 and 72: LON, LOFF, their answers and when they are refused; N-410 manual page 5-10: ERROR for a read " +
      "error; the TCP port is unconfirmed",
  }),
  defineScanner({
    model: "keyence-sr",
    vendor: "Keyence",
    names: ["SR-750", "SR-1000", "SR-2000", "SR-X300"],
    family: keyence,
    tcpPort: 9004,
    serial: { baudRate: 115_200, parity: "even" },
    confirmed: false,
    source: "SR-750 manual; port, line settings and the newer series are unconfirmed",
  }),
];
