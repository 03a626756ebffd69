import { assert } from "@waystation/shared/failures/assert";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading, WeightReading } from "@waystation/shared/model/reading";
import type { Cancel } from "../kit/clock.ts";
import type { Session, SessionContext } from "../kit/family.ts";

/** What one frame of any scale means. */
export type ScaleReply =
  | { readonly reply: "weight"; readonly reading: WeightReading }
  /** The scale says now that nothing moved since the weight it told last (8217 status without a flag). */
  | { readonly reply: "unchanged" }
  /** It cannot say a weight yet, and no more than that: ask again. */
  | { readonly reply: "unsettled" }
  /** It did not get the question whole: ask again. */
  | { readonly reply: "repeat" }
  /** It will not answer this question, however often it is asked. */
  | { readonly reply: "error"; readonly reason: string }
  /** Understood, and about something else: an identity, a tare, an acknowledgement. */
  | { readonly reply: "other"; readonly about: string }
  | { readonly reply: "refused"; readonly reason: string };

export type Question = { readonly bytes: Uint8Array; readonly isAnswer: (reply: ScaleReply) => boolean };

/** How one family is talked to; the rest is the same for every scale. */
export type Weighing = {
  readonly parse: (frame: Uint8Array) => ScaleReply;
  /** Asks for one weight. null: the scale tells by itself, several times a second. */
  readonly ask: Uint8Array | null;
  /** Between two questions while the weight has not settled. */
  readonly repeatMs: number;
  /** Nothing heard for so long: the question or its answer was lost on the way. */
  readonly lostMs: number;
  /** A question without a weight, answered in its turn: what follows its answer was weighed after it was asked. */
  readonly fence?: Question;
  /** What a quiet line is asked. Absent where any question disturbs (some scales beep), or none exists. */
  readonly probe?: Uint8Array;
  /** Sent after connecting and after every request; the scale then tells changes by itself. Needs a fence. */
  readonly stream?: Uint8Array;
  /** A belt scale that tells one weight per parcel and nothing in between: its silence says nothing. */
  readonly isPerParcel?: boolean;
  /** The first report after connecting may be from before (USB scales): it is not told. */
  readonly isFirstStale?: boolean;
};

/** For captures, splits and fuzz: frame -> readings, without any conversation. */
export const createWeightDecoder =
  (parse: Weighing["parse"]) =>
  (frame: Uint8Array): readonly Reading[] => {
    const reply = parse(frame);
    if (reply.reply === "weight") return [reply.reading];
    return reply.reply === "refused" ? [{ kind: "refused", reason: reply.reason }] : [];
  };

/** One waiting requestWeight. */
type WeightRequest = {
  readonly finish: (result: Result<number>) => void;
  /** Everything heard from now on was weighed after the request. */
  current: boolean;
  /** When a streaming scale told its first weight after the request. */
  passedAtMs: number | null;
  /** Something that belongs to this request was heard, though no weight at rest. */
  heard: boolean;
};

/** Frames this close together came in one read: all of them may have waited in the system's buffer. */
const oneReadMs = 20;

/** What a scale says to the question for its weight. */
const isReply = ({ reply }: ScaleReply) => reply !== "other" && reply !== "refused";

/**
 * The conversation with any scale. The promise of `requestWeight` is kept in one of three ways, by what the scale
 * can do: behind a fence, by waiting out the question that was never answered (`lostMs`), or, on a scale that only
 * streams, by letting the frame pass that was under way when the request came.
 */
export function createWeighingSession(
  context: SessionContext<unknown>,
  weighing: Weighing,
): Session<"scale"> {
  const { clock, deviceId } = context;
  const { fence, stream, lostMs, repeatMs } = weighing;
  const isStreaming = weighing.ask === null;
  assert(stream === undefined || fence !== undefined, "nothing else tells a stream's end from an answer");
  let request: WeightRequest | null = null;
  let cancelRepeat: Cancel = () => undefined;
  /** Questions for a weight that are out, the last one since `askedAtMs`. They outlive a reconnect. */
  let unanswered = 0;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let isStreamOn = false;
  /** What "unchanged" refers to; null where a weight may have been told and lost on the way. */
  let lastWeight: WeightReading | null = null;
  let isProbing = false;
  let isFirst = true;

  /** Without a fence only time tells that an answer will not come any more. */
  const giveUpLost = () => {
    if (unanswered === 0 || fence || clock.nowMs() - askedAtMs < lostMs) return;
    unanswered = 0;
    lastWeight = null;
  };
  const countQuestion = () => {
    giveUpLost();
    if (unanswered > 0) lastWeight = null;
    unanswered += 1;
    askedAtMs = clock.nowMs();
  };

  const ask = () => {
    if (!request || weighing.ask === null) return;
    if (!request.current) {
      if (fence) {
        context.write(fence.bytes);
        return askAgainAfter(lostMs);
      }
      giveUpLost();
      if (unanswered > 0) return askAgainAfter(askedAtMs + lostMs - clock.nowMs());
      request.current = true;
    }
    isProbing = false;
    countQuestion();
    context.write(weighing.ask);
    askAgainAfter(lostMs);
  };
  const askAgainAfter = (delayMs: number) => {
    cancelRepeat();
    cancelRepeat = clock.after(delayMs, ask);
  };
  /** A question ends many a stream, so a streaming scale is set going again. */
  const startStream = () => {
    if (stream === undefined || !context.isOpen()) return;
    isStreamOn = true;
    context.write(stream);
  };

  const requestWeight = (timeoutMs: number) =>
    new Promise<Result<number>>((resolve) => {
      if (!context.isOpen()) return resolve(fail("device.disconnected", { device: deviceId }));
      if (request) return resolve(fail("device.queue-full", { device: deviceId, limit: 1 }));
      const cancelDeadline = clock.after(timeoutMs, () => started.finish(explainTimeout(started, deviceId)));
      const started: WeightRequest = {
        current: !isStreaming && !isStreamOn && unanswered === 0,
        passedAtMs: null,
        heard: false,
        finish: (result) => {
          cancelDeadline();
          cancelRepeat();
          request = null;
          startStream();
          resolve(result);
        },
      };
      request = started;
      ask();
    });

  /** Whether everything that may be older than the request has come. */
  const isCaughtUp = (waiting: WeightRequest, reply: ScaleReply): boolean => {
    if (fence) return fence.isAnswer(reply);
    if (!isStreaming) return unanswered === 0;
    if (reply.reply !== "weight") return false;
    waiting.passedAtMs ??= clock.nowMs();
    return clock.nowMs() - waiting.passedAtMs >= oneReadMs;
  };

  const answer = (waiting: WeightRequest, reply: ScaleReply) => {
    if (!waiting.current) {
      if (!isCaughtUp(waiting, reply)) return;
      waiting.current = true;
      if (!isStreaming) {
        unanswered = 0;
        isStreamOn = false;
        return ask();
      }
    }
    if (isReply(reply)) waiting.heard = true;
    if (reply.reply === "weight") answerWeight(waiting, reply.reading);
    else if (reply.reply === "unchanged" && lastWeight !== null) answerWeight(waiting, lastWeight);
    else if (reply.reply === "error") {
      waiting.finish(fail("device.refused-frame", { device: deviceId, reason: reply.reason }));
    } else if (reply.reply !== "other") askAgainAfter(repeatMs);
  };

  const answerWeight = (waiting: WeightRequest, reading: WeightReading) => {
    if (reading.state === "motion") askAgainAfter(repeatMs);
    else if (reading.state !== "stable" || reading.weightGrams === undefined) {
      waiting.finish(fail("scale.out-of-range", { device: deviceId }));
    } else waiting.finish(succeed(reading.weightGrams));
  };

  /** A stale first report says only that the scale is there. */
  const parse = (frame: Uint8Array): ScaleReply => {
    const reply = weighing.parse(frame);
    if (reply.reply !== "weight") return reply;
    const isStale = weighing.isFirstStale === true && isFirst;
    isFirst = false;
    return isStale ? { reply: "unsettled" } : reply;
  };

  /** What only a probe asked for is nobody's weight. */
  const tell = (reply: ScaleReply) => {
    if (reply.reply === "refused") context.emit({ kind: "refused", reason: reply.reason });
    if (reply.reply !== "weight") return;
    lastWeight = reply.reading;
    if (!isProbing) context.emit(reply.reading);
  };

  return {
    commands: { requestWeight },
    readyOn: (weighing.probe === undefined && !isStreaming) || weighing.isPerParcel ? "open" : "frame",
    ...createProbe(weighing, context, {
      isBusy: () => request !== null,
      onAskWeight: () => {
        isProbing = true;
        countQuestion();
      },
    }),
    onOpen: () => {
      lastWeight = null;
      isFirst = true;
      isStreamOn = false;
      startStream();
    },
    onFrame: (frame) => {
      const reply = parse(frame);
      tell(reply);
      if (isReply(reply)) {
        isProbing = false;
        unanswered = Math.max(0, unanswered - 1);
      }
      if (request) answer(request, reply);
    },
    onRefused: () => {
      if (request) askAgainAfter(repeatMs);
    },
    onDown: (failure: Failure) => {
      isProbing = false;
      request?.finish({ ok: false, failure });
    },
  };
}

/** A stream that falls silent is noticed without a question. */
function createProbe(
  { probe, ask, isPerParcel }: Weighing,
  context: SessionContext<unknown>,
  hooks: { readonly isBusy: () => boolean; readonly onAskWeight: () => void },
): Pick<Session<"scale">, "probe"> {
  if ((probe === undefined && ask !== null) || isPerParcel === true) return {};
  return {
    probe: {
      ask: () => {
        if (probe === undefined) return;
        if (probe === ask) hooks.onAskWeight();
        context.write(probe);
      },
      idleMs: 2000,
      answerMs: 1000,
      isBusy: hooks.isBusy,
    },
  };
}

function explainTimeout(request: WeightRequest, deviceId: string): { ok: false; failure: Failure } {
  return fail(request.heard ? "scale.unstable" : "device.silent", { device: deviceId });
}
