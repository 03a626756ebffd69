import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading, WeightReading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import type { Cancel } from "../kit/clock.ts";
import { toGrams } from "../kit/decimal.ts";
import type { Family, Session, SessionContext } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";

const optionsSchema = z.strictObject({
  /** Send SIR after connecting: the scale then tells every change by itself. */
  stream: z.boolean().default(false),
  /** KERN's KCP wants at least 100 ms between two questions (KIB-TM). */
  repeatMs: z.int().min(50).max(5000).default(120),
  /** Nothing heard for so long: the question or its answer was lost on the way. */
  lostMs: z.int().min(200).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

/** One reply line of MT-SICS level 0 and 1 (Mettler-Toledo MT-SICS reference manual; KERN KCP, KIB-TM). */
export type SicsReply =
  /** `stable` is false for S D and for both directions out of range. */
  | { readonly reply: "weight"; readonly reading: WeightReading }
  /** `S I`: the scale gave up waiting for a stable weight, or cannot weigh now. */
  | { readonly reply: "not-executable"; readonly command: string }
  | { readonly reply: "info"; readonly command: string; readonly text: string }
  /** ES syntax, ET transmission, EL logical. */
  | { readonly reply: "error"; readonly code: "ES" | "ET" | "EL" }
  | { readonly reply: "refused"; readonly reason: string };

const weightLine = /^S ([SD]) +([+-]? *\d+(?:\.\d+)?) +([a-zA-Z]{1,3}) *$/;
const infoLine = /^(I\d{1,2}|Z|ZI|T|TI|TA|TAC|SIR|SNR|@)(?: (.{0,80}))?$/;

const withoutWeight = (state: "over" | "under"): SicsReply => ({
  reply: "weight",
  reading: { kind: "weight", state, net: false },
});

export function parseSicsReply(frame: Uint8Array): SicsReply {
  const line = decodeLatin1(frame);
  const weight = weightLine.exec(line);
  if (weight) return parseWeight(line, weight[1] === "S", weight[2] ?? "", weight[3] ?? "");
  const plain = line.trimEnd();
  if (plain === "S +") return withoutWeight("over");
  if (plain === "S -") return withoutWeight("under");
  if (plain === "S I") return { reply: "not-executable", command: "S" };
  if (plain === "ES" || plain === "ET" || plain === "EL") return { reply: "error", code: plain };
  const info = infoLine.exec(plain);
  if (info) return { reply: "info", command: info[1] ?? "", text: info[2] ?? "" };
  return { reply: "refused", reason: `not an MT-SICS reply: ${quoteText(line)}` };
}

/** Whether a tare is active is not in the line, so `net` stays false: this family never sends T itself. */
function parseWeight(line: string, stable: boolean, digits: string, unit: string): SicsReply {
  const weightGrams = toGrams(digits.replaceAll(" ", ""), unit);
  if (weightGrams === null) return { reply: "refused", reason: `unknown weight: ${quoteText(line)}` };
  const state = stable ? "stable" : "motion";
  return { reply: "weight", reading: { kind: "weight", weightGrams, state, net: false } };
}

/** Frame -> readings; replies that carry no weight give none. */
export function parseSicsFrame(frame: Uint8Array): readonly Reading[] {
  const reply = parseSicsReply(frame);
  if (reply.reply === "weight") return [reply.reading];
  return reply.reply === "refused" ? [{ kind: "refused", reason: reply.reason }] : [];
}

const commandBytes = {
  stableWeight: encodeText("S\r\n"),
  stream: encodeText("SIR\r\n"),
  serialNumber: encodeText("I4\r\n"),
};

export const mtSics: Family<"scale", Options> = {
  name: "mt-sics",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createLineFramer({ terminator: "crlf", limitBytes: 128 }),
  createDecoder: () => parseSicsFrame,
  createSession,
};

/** One waiting requestWeight. `fenced`: everything heard from now on was weighed after the request. */
type WeightRequest = {
  readonly finish: (result: Result<number>) => void;
  fenced: boolean;
  /** Times S was sent; more than once means an answer may be left over. */
  asked: number;
  heard: boolean;
  unsettled: boolean;
};

function createSession(context: SessionContext<Options>): Session<"scale"> {
  const { options, clock, deviceId } = context;
  let request: WeightRequest | null = null;
  let cancelRepeat: Cancel = () => undefined;
  /** An S whose answer is still to come, or a stream: a weight on its way may be older than the next request. */
  let olderWeightMayCome = false;

  /** S, or first I4: the scale answers in order, so what follows the reply to I4 was weighed after the request. */
  const ask = () => {
    if (!request) return;
    if (request.fenced) {
      request.asked += 1;
      olderWeightMayCome = true;
    }
    context.write(request.fenced ? commandBytes.stableWeight : commandBytes.serialNumber);
    askAgainAfter(options.lostMs);
  };
  const askAgainAfter = (delayMs: number) => {
    cancelRepeat();
    cancelRepeat = clock.after(delayMs, ask);
  };
  /** SIR ends with the next S, so a streaming scale is set going again. */
  const afterRequest = () => {
    cancelRepeat();
    request = null;
    if (options.stream && context.isOpen()) {
      olderWeightMayCome = true;
      context.write(commandBytes.stream);
    }
  };

  const requestWeight = (timeoutMs: number) =>
    new Promise<Result<number>>((resolve) => {
      if (!context.isOpen()) return resolve(fail("device.disconnected", { device: deviceId }));
      if (request) return resolve(fail("device.queue-full", { device: deviceId, limit: 1 }));
      const cancelDeadline = clock.after(timeoutMs, () => started.finish(explainTimeout(started, deviceId)));
      const started: WeightRequest = {
        fenced: !olderWeightMayCome,
        asked: 0,
        heard: false,
        unsettled: false,
        finish: (result) => {
          cancelDeadline();
          afterRequest();
          resolve(result);
        },
      };
      request = started;
      ask();
    });

  const answer = (waiting: WeightRequest, reply: SicsReply) => {
    waiting.heard = true;
    if (!waiting.fenced) {
      waiting.fenced = isFence(reply);
      if (waiting.fenced) ask();
      return;
    }
    if (reply.reply === "weight") answerWeight(waiting, reply.reading);
    else if (reply.reply === "not-executable") {
      waiting.unsettled = true;
      askAgainAfter(options.repeatMs);
    } else if (reply.reply === "error" && reply.code !== "ET") {
      waiting.finish(fail("device.refused-frame", { device: deviceId, reason: reply.code }));
    } else if (reply.reply === "error" || reply.reply === "refused") askAgainAfter(options.repeatMs);
  };

  const answerWeight = (waiting: WeightRequest, reading: WeightReading) => {
    if (reading.state === "motion") {
      waiting.unsettled = true;
      askAgainAfter(options.repeatMs);
    } else if (reading.state !== "stable" || reading.weightGrams === undefined) {
      waiting.finish(fail("scale.out-of-range", { device: deviceId }));
    } else {
      olderWeightMayCome = waiting.asked > 1;
      waiting.finish(succeed(reading.weightGrams));
    }
  };

  return {
    commands: { requestWeight },
    readyOn: "frame",
    probe: {
      ask: () => context.write(commandBytes.serialNumber),
      idleMs: 2000,
      answerMs: 1000,
      isBusy: () => request !== null,
    },
    onOpen: () => {
      olderWeightMayCome = options.stream;
      if (options.stream) context.write(commandBytes.stream);
    },
    onFrame: (frame) => {
      const reply = parseSicsReply(frame);
      if (reply.reply === "weight") context.emit(reply.reading);
      if (reply.reply === "refused") context.emit({ kind: "refused", reason: reply.reason });
      if (request) answer(request, reply);
    },
    onRefused: () => {
      if (request) askAgainAfter(options.repeatMs);
    },
    onDown: (failure) => request?.finish({ ok: false, failure }),
  };
}

/** The reply to I4, or the complaint of a scale that does not know I4: both come in turn. */
function isFence(reply: SicsReply): boolean {
  return reply.reply === "error" || (reply.reply === "info" && reply.command === "I4");
}

function explainTimeout(request: WeightRequest, deviceId: string): { ok: false; failure: Failure } {
  if (request.unsettled) return fail("scale.unstable", { device: deviceId });
  return fail(request.heard ? "scale.unstable" : "device.silent", { device: deviceId });
}
