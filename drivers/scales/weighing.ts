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
  /** Sent after connecting and after every request; the scale then tells changes by itself. */
  readonly stream?: Uint8Array;
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
  /** Times the weight was asked for; more than once means an answer may be left over. */
  asked: number;
  heard: boolean;
  unsettled: boolean;
};

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
  const isStreaming = weighing.ask === null;
  let request: WeightRequest | null = null;
  let cancelRepeat: Cancel = () => undefined;
  /** A weight asked for and not told yet, or a stream: what comes next may be older than the next request. */
  let olderMayCome = false;
  let askedAtMs = 0;
  let lastWeight: WeightReading | null = null;
  let isProbing = false;
  let isFirst = true;

  const ask = () => {
    if (!request || weighing.ask === null) return;
    if (!request.current && weighing.fence === undefined) {
      const left = askedAtMs + weighing.lostMs - clock.nowMs();
      if (left > 0) return askAgainAfter(left);
      request.current = true;
    }
    if (request.current) {
      request.asked += 1;
      olderMayCome = true;
      askedAtMs = clock.nowMs();
    }
    context.write(request.current || weighing.fence === undefined ? weighing.ask : weighing.fence.bytes);
    askAgainAfter(weighing.lostMs);
  };
  const askAgainAfter = (delayMs: number) => {
    cancelRepeat();
    cancelRepeat = clock.after(delayMs, ask);
  };
  /** A question ends many a stream, so a streaming scale is set going again. */
  const afterRequest = () => {
    cancelRepeat();
    request = null;
    if (weighing.stream !== undefined && context.isOpen()) {
      olderMayCome = true;
      context.write(weighing.stream);
    }
  };

  const requestWeight = (timeoutMs: number) =>
    new Promise<Result<number>>((resolve) => {
      if (!context.isOpen()) return resolve(fail("device.disconnected", { device: deviceId }));
      if (request) return resolve(fail("device.queue-full", { device: deviceId, limit: 1 }));
      const cancelDeadline = clock.after(timeoutMs, () => started.finish(explainTimeout(started, deviceId)));
      const started: WeightRequest = {
        current: !olderMayCome && !isStreaming && !isProbing,
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

  /** The answer that was still out has come: from here on, what is heard belongs to this request. */
  const catchUp = (waiting: WeightRequest, reply: ScaleReply) => {
    const isTurn = weighing.fence === undefined ? true : weighing.fence.isAnswer(reply);
    if (!isTurn) return;
    waiting.current = true;
    olderMayCome = false;
    ask();
  };

  const answer = (waiting: WeightRequest, reply: ScaleReply) => {
    waiting.heard = true;
    if (!waiting.current) return catchUp(waiting, reply);
    if (reply.reply === "weight") answerWeight(waiting, reply.reading);
    else if (reply.reply === "unchanged" && lastWeight !== null) answerWeight(waiting, lastWeight);
    else if (reply.reply === "unsettled" || reply.reply === "unchanged") {
      waiting.unsettled = true;
      olderMayCome = false;
      askAgainAfter(weighing.repeatMs);
    } else if (reply.reply === "error") {
      waiting.finish(fail("device.refused-frame", { device: deviceId, reason: reply.reason }));
    } else if (reply.reply === "repeat" || reply.reply === "refused") askAgainAfter(weighing.repeatMs);
  };

  const answerWeight = (waiting: WeightRequest, reading: WeightReading) => {
    olderMayCome = waiting.asked > 1;
    if (reading.state === "motion") {
      waiting.unsettled = true;
      askAgainAfter(weighing.repeatMs);
    } else if (reading.state !== "stable" || reading.weightGrams === undefined) {
      waiting.finish(fail("scale.out-of-range", { device: deviceId }));
    } else waiting.finish(succeed(reading.weightGrams));
  };

  /** What only a probe asked for is nobody's weight. */
  const tell = (reply: ScaleReply) => {
    if (reply.reply === "refused") return context.emit({ kind: "refused", reason: reply.reason });
    if (reply.reply !== "weight") return;
    const isStale = weighing.isFirstStale === true && isFirst;
    isFirst = false;
    lastWeight = reply.reading;
    if (!isStale && !isProbing) context.emit(reply.reading);
  };

  return {
    commands: { requestWeight },
    readyOn: weighing.probe === undefined && !isStreaming ? "open" : "frame",
    ...createProbe(weighing, context, {
      isBusy: () => request !== null,
      onAsk: () => {
        isProbing = true;
      },
    }),
    onOpen: () => {
      olderMayCome = weighing.stream !== undefined;
      lastWeight = null;
      isFirst = true;
      if (weighing.stream !== undefined) context.write(weighing.stream);
    },
    onFrame: (frame) => {
      const reply = weighing.parse(frame);
      tell(reply);
      isProbing = false;
      if (request) answer(request, reply);
    },
    onRefused: () => {
      if (request) askAgainAfter(weighing.repeatMs);
    },
    onDown: (failure: Failure) => {
      isProbing = false;
      request?.finish({ ok: false, failure });
    },
  };
}

/** A stream that falls silent is noticed without a question. */
function createProbe(
  { probe, ask }: Weighing,
  context: SessionContext<unknown>,
  hooks: { readonly isBusy: () => boolean; readonly onAsk: () => void },
): Pick<Session<"scale">, "probe"> {
  if (probe === undefined && ask !== null) return {};
  return {
    probe: {
      ask: () => {
        if (probe === undefined) return;
        if (probe === ask) hooks.onAsk();
        context.write(probe);
      },
      idleMs: 2000,
      answerMs: 1000,
      isBusy: hooks.isBusy,
    },
  };
}

function explainTimeout(request: WeightRequest, deviceId: string): { ok: false; failure: Failure } {
  if (request.unsettled) return fail("scale.unstable", { device: deviceId });
  return fail(request.heard ? "scale.unstable" : "device.silent", { device: deviceId });
}
