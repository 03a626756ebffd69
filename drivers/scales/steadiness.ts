import type { Clock } from "../kit/clock.ts";
import type { Session, SessionContext } from "../kit/family.ts";
import { createWeighingSession, type ScaleReply, type Weighing } from "./weighing.ts";

type Steadiness = {
  /** So many equal weights in a row are rest; fewer are motion. */
  readonly answers: number;
  /** A longer gap starts the count over: what was weighed long ago says nothing about rest now. */
  readonly gapMs: number;
};

/** The conversation with a scale that never says whether it is at rest. Every request counts from the start. */
export function createSteadySession(
  context: SessionContext<unknown>,
  weighing: Weighing,
  steadiness: Steadiness,
): Session<"scale"> {
  const steady = createSteadyParse(weighing.parse, context.clock, steadiness);
  const session = createWeighingSession(context, { ...weighing, parse: steady.parse });
  const requestWeight = (timeoutMs: number) => {
    steady.startOver();
    return session.commands.requestWeight(timeoutMs);
  };
  return { ...session, commands: { requestWeight } };
}

export function createSteadyParse(
  parse: Weighing["parse"],
  clock: Clock,
  { answers, gapMs }: Steadiness,
): { readonly parse: Weighing["parse"]; readonly startOver: () => void } {
  let last: string | null = null;
  let equal = 0;
  let heardAtMs = Number.NEGATIVE_INFINITY;

  const count = (weight: string) => {
    const nowMs = clock.nowMs();
    equal = weight === last && nowMs - heardAtMs <= gapMs ? equal + 1 : 1;
    last = weight;
    heardAtMs = nowMs;
    return equal >= answers;
  };

  const startOver = () => {
    last = null;
  };
  const parseSteady = (frame: Uint8Array): ScaleReply => {
    const reply = parse(frame);
    if (reply.reply !== "weight" || reply.reading.weightGrams === undefined) {
      startOver();
      return reply;
    }
    const isSteady = count(`${reply.reading.weightGrams} ${reply.reading.net}`);
    return { ...reply, reading: { ...reply.reading, state: isSteady ? "stable" : "motion" } };
  };
  return { parse: parseSteady, startOver };
}
