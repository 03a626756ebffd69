import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  repeatMs: z.int().min(50).max(5000).default(150),
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

/** Lengths without CR LF; the longer line has six characters before saying what the value is. */
const plainCharacters = 14;
const idCharacters = 6;
/** A digit in brackets is shown but not verified; it is part of the weight all the same. */
const valueText = /^([+ -]) *(\d*(?:[.,]\d*)?(?:\[\d\]\d*)?) *([a-zA-Z/%]{0,3}) *$/;
const errorText = /^(?:\w{1,3}\.)?(?:Err|ERR|E)\b/;

const overWords = new Set(["H", "HH", "High"]);
const underWords = new Set(["L", "LL", "Low"]);
/** Calibrating, or all segments of the display shown. */
const busyWords = new Set(["C", "--", "- -", "Cal.Ext.", "Cal.Int.", ""]);
/** Ids of what lies on the platform; all others name a result, a limit, a tare. */
const grossIds = new Set(["", "G", "G#"]);
const netIds = new Set(["N", "N1"]);

/** One line of SBI output (Practum manual p. 86 to 88). */
export function parseSbiLine(frame: Uint8Array): ScaleReply {
  const line = decodeLatin1(frame);
  if (line.length === plainCharacters) return parseBody(line, line, false);
  if (line.length !== plainCharacters + idCharacters) return refuse("neither 16 nor 22 characters", line);
  const id = line.slice(0, idCharacters).trim();
  const body = line.slice(idCharacters);
  if (id === "Stat") return parseStatus(body.trim()) ?? refuse("unknown status", line);
  if (!grossIds.has(id) && !netIds.has(id)) return { reply: "other", about: id };
  return parseBody(body, line, netIds.has(id));
}

/** A blank unit says that the weight is not at rest; and without a unit it is no weight. */
function parseBody(body: string, line: string, net: boolean): ScaleReply {
  const status = parseStatus(body.trim());
  if (status) return status;
  const [, sign = "", digits = "", unit = ""] = valueText.exec(body) ?? [];
  const weightGrams = toGrams(`${sign}${digits.replace(",", ".").replace(/[[\]]/g, "")}`, unit || "g");
  if (weightGrams === null) return refuse("unknown weight", line);
  if (unit === "") return { reply: "weight", reading: { kind: "weight", state: "motion", net } };
  return weightReply(weightGrams, "stable", net);
}

function parseStatus(word: string): ScaleReply | null {
  if (overWords.has(word)) return withoutWeight("over");
  if (underWords.has(word)) return withoutWeight("under");
  if (busyWords.has(word)) return { reply: "unsettled" };
  return errorText.test(word) ? withoutWeight("fault") : null;
}

const print = encodeText("\u001bP\r\n");

export const sartoriusSbi: Family<"scale", Options> = {
  name: "sartorius-sbi",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 64 }),
  createDecoder: () => createWeightDecoder(parseSbiLine),
  createSession: (context) =>
    createWeighingSession(context, {
      parse: parseSbiLine,
      ask: print,
      probe: print,
      repeatMs: context.options.repeatMs,
      lostMs: context.options.lostMs,
    }),
};

export const sartoriusSbiModels = [
  defineScale({
    model: "sartorius-sbi",
    vendor: "generic",
    names: ["Sartorius SBI"],
    family: sartoriusSbi,
    confirmed: false,
    source: "Sartorius Practum manual p. 86 to 88; a blank unit for motion: FB manual p. 66 and public code",
  }),
  defineScale({
    model: "sartorius-practum",
    vendor: "Sartorius",
    names: ["Practum", "Quintix", "Secura"],
    family: sartoriusSbi,
    serial: { baudRate: 9600, dataBits: 8, parity: "odd" },
    confirmed: false,
    source: "Sartorius Practum manual p. 86 to 88; must be set to PC-SBI; factory line settings unconfirmed",
  }),
  defineScale({
    model: "minebea-combics",
    vendor: "Minebea Intec",
    names: ["Combics 1", "Combics 2"],
    family: sartoriusSbi,
    serial: { baudRate: 1200, dataBits: 7, parity: "odd" },
    confirmed: false,
    source: "Sartorius Combics 1 manual p. 98: 22 characters; factory line settings unconfirmed",
  }),
];
