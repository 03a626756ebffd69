import type { WeightReading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** Send SIR after connecting: the scale then tells every change by itself. */
  stream: z.boolean().default(false),
  /** KERN's KCP wants at least 100 ms between two questions (KIB-TM). */
  repeatMs: z.int().min(50).max(5000).default(120),
  /** Nothing heard for so long: the question or its answer was lost on the way. */
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

const weightLine = /^S ([SD]) +([+-]? *\d+(?:\.\d+)?) +([a-zA-Z]{1,3}) *$/;
const infoLine = /^(I\d{1,2}|Z|ZI|T|TI|TA|TAC|SIR|SNR|@)(?: (.{0,80}))?$/;

const withoutWeight = (state: "over" | "under"): ScaleReply => ({
  reply: "weight",
  reading: { kind: "weight", state, net: false },
});

/** One reply line of MT-SICS level 0 and 1 (Mettler-Toledo MT-SICS reference manual; KERN KCP, KIB-TM). */
export function parseSicsReply(frame: Uint8Array): ScaleReply {
  const line = decodeLatin1(frame);
  const weight = weightLine.exec(line);
  if (weight) return parseWeight(line, weight[1] === "S", weight[2] ?? "", weight[3] ?? "");
  const plain = line.trimEnd();
  if (plain === "S +") return withoutWeight("over");
  if (plain === "S -") return withoutWeight("under");
  if (plain === "S I") return { reply: "unsettled" };
  // ET: the question came in damaged; ES and EL: it is unknown or cannot be executed
  if (plain === "ET") return { reply: "repeat" };
  if (plain === "ES" || plain === "EL") return { reply: "error", reason: plain };
  const info = infoLine.exec(plain);
  if (info) return { reply: "other", about: info[1] ?? "" };
  return { reply: "refused", reason: `not an MT-SICS reply: ${quoteText(line)}` };
}

/** Whether a tare is active is not in the line, so `net` stays false: this family never sends T itself. */
function parseWeight(line: string, stable: boolean, digits: string, unit: string): ScaleReply {
  const weightGrams = toGrams(digits.replaceAll(" ", ""), unit);
  if (weightGrams === null) return { reply: "refused", reason: `unknown weight: ${quoteText(line)}` };
  const state = stable ? "stable" : "motion";
  const reading: WeightReading = { kind: "weight", weightGrams, state, net: false };
  return { reply: "weight", reading };
}

const serialNumber = encodeText("I4\r\n");

export const mtSics: Family<"scale", Options> = {
  name: "mt-sics",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 128 }),
  createDecoder: () => createWeightDecoder(parseSicsReply),
  createSession: (context) =>
    createWeighingSession(context, {
      parse: parseSicsReply,
      ask: encodeText("S\r\n"),
      repeatMs: context.options.repeatMs,
      lostMs: context.options.lostMs,
      // the reply to I4, or the complaint of a scale that does not know it: both come in turn
      fence: {
        bytes: serialNumber,
        isAnswer: (reply) => reply.reply === "error" || (reply.reply === "other" && reply.about === "I4"),
      },
      probe: serialNumber,
      ...(context.options.stream ? { stream: encodeText("SIR\r\n") } : {}),
    }),
};

export const mtSicsModels = [
  /** For any scale that speaks MT-SICS level 0 and 1. */
  defineScale({
    model: "mt-sics",
    vendor: "generic",
    names: ["MT-SICS scale"],
    family: mtSics,
    confirmed: false,
    source: "MT-SICS reference manual; at-balances manual p. 87",
  }),
  defineScale({
    model: "mettler-toledo-ics",
    vendor: "Mettler-Toledo",
    names: ["ICS469"],
    family: mtSics,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: 'MT-SICS reference manual; identity reply `I2 A "ICS469 OU 60.18 kg"` in public code',
  }),
  defineScale({
    model: "mettler-toledo-ml",
    vendor: "Mettler-Toledo",
    names: ["ML-T", "ML-TE"],
    family: mtSics,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "MT-SICS reference manual 11780711, level 0 and 1",
  }),
  /** KCP is a near clone of MT-SICS; it wants at least 100 ms between two questions. */
  defineScale({
    model: "kern-kcp",
    vendor: "KERN",
    names: ["CKE", "KIB-TM"],
    family: mtSics,
    options: { repeatMs: 150 },
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "KERN CKE manual p. 79; KIB-TM: polling interval of 100 ms or more",
  }),
];
