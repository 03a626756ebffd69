import { z } from "zod";
import { createMatchedFramer, type Match } from "../framing/matched.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply, type Weighing } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** "ecr" (SCP-02): in motion or out of range the scale answers the question for a weight with its status alone. */
  protocol: z.enum(["standard", "ecr"]).default("standard"),
  repeatMs: z.int().min(50).max(5000).default(150),
  /** Nothing heard for so long: the question or its answer was lost on the way. */
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

const LF = 0x0a;
const CR = 0x0d;
const ETX = 0x03;
const questionMark = 0x3f;
const limitBytes = 40;

/** Two to four status bytes; bits 4 and 5 are always 1, bit 6 says that another one follows. */
const status = "(S?)([0-?][0-?p-\\x7f]{1,3})";
/** One line feed and carriage return more or less: some scales leave out those around the status. */
const displayReply = new RegExp(`^\\n([^\\r\\n]{1,20})\\r\\n?${status}\\r?\\x03$`);
const statusReply = new RegExp(`^\\n${status}\\r?\\x03$`);
const weightPattern = /^ *(-? *\d+(?:\.\d+)?) *([a-z]{1,2}) *$/i;

const first = { motion: 0x01, memoryFault: 0x0c };
const second = { under: 0x01, over: 0x02, fault: 0x0c };
const third = { net: 0x04, zeroFault: 0x08 };

/** From the first LF to ETX, with at most one LF inside. A complaint comes with ETX or without. */
function matchReply(held: Uint8Array): Match {
  if (held[0] !== LF || held.filter((byte) => byte === LF).length > 2) return "none";
  if (held[1] === questionMark && held[2] === CR) return 3;
  return held.at(-1) === ETX ? held.length : "more";
}

/** One reply with its LF and ETX (NCI 7800 manual p. 32; Diva service manual p. 35 to 37; Adam MDW manual p. 13). */
export function parseNciReply(frame: Uint8Array): ScaleReply {
  const text = decodeLatin1(frame);
  if (text === "\n?\r") return { reply: "error", reason: "?" };
  const [, display, , flags = ""] = displayReply.exec(text) ?? [];
  if (display !== undefined) return parseDisplay(display, readStatus(flags));
  const [, ecr, alone] = statusReply.exec(text) ?? [];
  if (alone === undefined) return refuse("not an NCI reply", text);
  return ecr === "S" ? parseLoneStatus(readStatus(alone)) : { reply: "other", about: "status" };
}

type Status = { readonly state: "stable" | "motion" | "over" | "under" | "fault"; readonly net: boolean };

function readStatus(flags: string): Status {
  const [one = 0, two = 0, three = 0] = [...flags].map((flag) => flag.charCodeAt(0));
  const net = (three & third.net) !== 0;
  const isBroken = (one & first.memoryFault) + (two & second.fault) + (three & third.zeroFault) !== 0;
  if (isBroken) return { state: "fault", net };
  if ((two & second.over) !== 0) return { state: "over", net };
  if ((two & second.under) !== 0) return { state: "under", net };
  return { state: (one & first.motion) === 0 ? "stable" : "motion", net };
}

function parseDisplay(display: string, { state, net }: Status): ScaleReply {
  if (state !== "stable" && state !== "motion") return withoutWeight(state, net);
  // Adam fills the digits with a sign instead: over, under, zero not found
  if (/^ *\^+ *[a-z]* *$/i.test(display)) return withoutWeight("over", net);
  if (/^ *_+ *[a-z]* *$/i.test(display)) return withoutWeight("under", net);
  if (/^ *-{2,} *[a-z]* *$/i.test(display)) return withoutWeight("fault", net);
  if (/^ *[a-z]{2} *$/i.test(display)) return { reply: "other", about: "unit" };
  const [, digits = "", unit = ""] = weightPattern.exec(display) ?? [];
  const weightGrams = toGrams(digits.replaceAll(" ", ""), unit);
  return weightGrams === null
    ? refuse("the display shows no weight", display)
    : weightReply(weightGrams, state, net);
}

function parseLoneStatus({ state, net }: Status): ScaleReply {
  if (state === "motion") return { reply: "unsettled" };
  return state === "stable" ? { reply: "other", about: "status" } : withoutWeight(state, net);
}

const weigh = encodeText("W\r");
const askStatus = encodeText("S\r");

/** The standard protocol answers S and W differently, so S is the fence. ECR's lone status could be either's. */
function questions(protocol: Options["protocol"]): Pick<Weighing, "fence" | "probe"> {
  if (protocol === "ecr") return { probe: weigh };
  const isAnswer = (reply: ScaleReply) => reply.reply === "other" && reply.about === "status";
  return { probe: askStatus, fence: { bytes: askStatus, isAnswer } };
}

/** NCI's general serial protocol, SCP-01 and SCP-02. */
export const nciScp: Family<"scale", Options> = {
  name: "nci-scp",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createMatchedFramer({ match: matchReply, limitBytes, quietBytes: 1 }),
  createDecoder: () => createWeightDecoder(parseNciReply),
  createSession: (context) => {
    const { protocol, repeatMs, lostMs } = context.options;
    return createWeighingSession(context, {
      parse: parseNciReply,
      ask: weigh,
      repeatMs,
      lostMs,
      ...questions(protocol),
    });
  },
};

const sevenEven = { baudRate: 9600, dataBits: 7, parity: "even" } as const;
const base = { family: nciScp, serial: sevenEven, confirmed: false } as const;

export const nciScpModels = [
  /** For any scale set to NCI, 3825 or SCP-01. */
  defineScale({
    ...base,
    model: "nci-scp",
    vendor: "generic",
    names: ["NCI SCP-01", "NCI 3825"],
    source:
      "NCI 7800 manual p. 32; status bits from a public simulator of SCP-01; pounds and ounces together are refused",
  }),
  defineScale({
    ...base,
    model: "weigh-tronix-7800",
    vendor: "Weigh-Tronix",
    names: ["NCI 7800", "7820", "7824", "7829", "7840", "7880", "7885"],
    source: "NCI 7800 manual p. 32; line settings unconfirmed",
  }),
  defineScale({
    ...base,
    model: "avery-weigh-tronix-7821",
    vendor: "Avery Weigh-Tronix",
    names: ["7821"],
    source: "7821 user instructions p. 25; line settings unconfirmed",
  }),
  defineScale({
    ...base,
    model: "brecknell-6712",
    vendor: "Salter Brecknell",
    names: ["6712"],
    serial: { baudRate: 9600 },
    source: "6712 user's manual p. 19: 9600 8N1 and NCI only, as it leaves the factory",
  }),
  defineScale({
    ...base,
    model: "brecknell-67xxu",
    vendor: "Brecknell",
    names: ["6702U", "6710U", "6712U", "6720U"],
    source: "67XXU service manual AWT35-501145; line settings unconfirmed",
  }),
  defineScale({
    ...base,
    model: "salter-brecknell-ps-usb",
    vendor: "Salter Brecknell",
    names: ["PS-USB"],
    source: "public code (serial-nci-scale): 7E1, no LF and CR around the status",
  }),
  defineScale({
    ...base,
    model: "measuretek-pse",
    vendor: "Measuretek",
    names: ["PSE"],
    serial: { baudRate: 4800, dataBits: 7, parity: "even" },
    source: "PSE manual p. 34: SCP-12, 4800 7E1 for UPS WorldShip, no LF and CR around the status",
  }),
  defineScale({
    ...base,
    model: "avery-berkel-6702",
    vendor: "Avery Berkel",
    names: ["6702-16658"],
    options: { protocol: "ecr" },
    source: "public code for the ECR mode; Diva service manual p. 35, 36",
  }),
  defineScale({
    ...base,
    model: "adam-mdw",
    vendor: "Adam",
    names: ["MDW-250L", "MDW-300L"],
    source: "MDW-250L manual p. 13; MDW-300L manual p. 14; line settings unconfirmed",
  }),
];
