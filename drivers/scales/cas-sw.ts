import { z } from "zod";
import { createSequenceFramer } from "../framing/sequence.ts";
import { toGrams } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family, Session, SessionContext } from "../kit/family.ts";
import { decodeLatin1 } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  repeatMs: z.int().min(50).max(5000).default(100),
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

const ACK = 0x06;
const NAK = 0x15;
const areYouReady = Uint8Array.of(0x05);
const sendWeight = Uint8Array.of(0x11);

/** State, sign, 5 to 7 characters with the point, unit of 1 or 2 letters (SW-II manual p. 16; AP-1; PS1X). */
const weightText = /^([SUF])([ -F])([ \d.]{5,7})([a-zA-Z ]{1,2})$/;
const shortestBytes = 9;

/** What stands between SOH STX and ETX EOT; its last byte is the XOR of the others. */
export function parseCasFrame(frame: Uint8Array): ScaleReply {
  if (frame.length === 1 && frame[0] === ACK) return { reply: "other", about: "ACK" };
  if (frame.length === 1 && frame[0] === NAK) return { reply: "repeat" };
  const text = decodeLatin1(frame.subarray(0, -1));
  if (frame.length < shortestBytes) return refuse("too short for a CAS frame", text);
  if (frame.reduce((sum, byte) => sum ^ byte, 0) !== 0) return refuse("wrong check byte", text);
  return parseWeight(text);
}

/** F stands where the weight is not to be trusted; public code takes it for too much. */
function parseWeight(text: string): ScaleReply {
  const weight = weightText.exec(text);
  if (!weight) return refuse("not a CAS weight", text);
  const [, state, sign, digits = "", unit = ""] = weight;
  if (state === "F" || sign === "F") return withoutWeight(sign === "-" ? "under" : "over");
  if (sign !== " " && sign !== "-") return refuse("unknown sign", text);
  const weightGrams = toGrams(`${sign === "-" ? "-" : ""}${digits}`, unit.trim());
  if (weightGrams === null) return refuse("unknown weight", text);
  return weightReply(weightGrams, state === "S" ? "stable" : "motion", false);
}

/** ENQ is asked, ACK says yes, DC1 fetches the weight: once for every ENQ, or an old weight would be left over. */
function createHandshake(context: SessionContext<Options>): Session<"scale"> {
  let awaitsAck = false;
  const write = (bytes: Uint8Array) => {
    awaitsAck = true;
    return context.write(bytes);
  };
  const session = createWeighingSession(
    { ...context, write },
    {
      parse: parseCasFrame,
      ask: areYouReady,
      probe: areYouReady,
      repeatMs: context.options.repeatMs,
      lostMs: context.options.lostMs,
    },
  );
  return {
    ...session,
    onFrame: (frame) => {
      if (frame.length !== 1 || frame[0] !== ACK) return session.onFrame(frame);
      if (awaitsAck) context.write(sendWeight);
      awaitsAck = false;
    },
  };
}

export const casSw: Family<"scale", Options> = {
  name: "cas-sw",
  kind: "scale",
  options: optionsSchema,
  createFramer: () =>
    createSequenceFramer({ open: [0x01, 0x02], close: [0x03, 0x04], singles: [ACK, NAK], limitBytes: 32 }),
  createDecoder: () => createWeightDecoder(parseCasFrame),
  createSession: createHandshake,
};

export const casSwModels = [
  defineScale({
    model: "cas-sw",
    vendor: "generic",
    names: ["CAS type 6 (ENQ, ACK, DC1)"],
    family: casSw,
    confirmed: false,
    source: "CAS SW-II manual p. 16; public AP-1 description; public till code for F, which is unconfirmed",
  }),
  defineScale({
    model: "cas-sw-2",
    vendor: "CAS",
    names: ["SW-1", "SW-II"],
    family: casSw,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "CAS SW-II manual p. 15 and 16; that the SW-1 is the same is unconfirmed",
  }),
  defineScale({
    model: "cas-pd-2",
    vendor: "CAS",
    names: ["PD-II", "AP-1"],
    family: casSw,
    serial: { baudRate: 9600 },
    confirmed: false,
    source:
      "public AP-1 description (9600 8N1); the PD-II must be set to this protocol, which is unconfirmed",
  }),
];
