import { expect, test } from "vitest";
import { createManualClock } from "../kit/manual-clock.ts";
import { weightReply } from "./reply.ts";
import { createSteadyParse } from "./steadiness.ts";
import type { ScaleReply } from "./weighing.ts";

/** Weights as bytes; 255 is something else said in between. */
function setUp() {
  const clock = createManualClock();
  const parse = (frame: Uint8Array): ScaleReply =>
    frame[0] === 255 ? { reply: "other", about: "" } : weightReply(frame[0] ?? 0, "motion", false);
  const steady = createSteadyParse(parse, clock, { answers: 3, gapMs: 400 });
  const tell = async (grams: number, afterMs = 100) => {
    await clock.advance(afterMs);
    const reply = steady.parse(Uint8Array.of(grams));
    return reply.reply === "weight" ? reply.reading.state : reply.reply;
  };
  const tellAll = async (weights: readonly number[]) => {
    const states: string[] = [];
    for (const grams of weights) states.push(await tell(grams));
    return states;
  };
  return { tell, tellAll, startOver: steady.startOver };
}

test("the third equal weight in a row is rest, and stays so", async () => {
  const { tellAll } = setUp();
  expect(await tellAll([7, 7, 7, 7])).toEqual(["motion", "motion", "stable", "stable"]);
});

test("another weight, another word or a long silence starts the count over", async () => {
  const { tell, tellAll } = setUp();
  expect(await tellAll([7, 7, 8, 8, 255, 8, 8])).toEqual([
    "motion",
    "motion",
    "motion",
    "motion",
    "other",
    "motion",
    "motion",
  ]);
  expect(await tell(8, 401)).toBe("motion");
  expect(await tell(8, 400)).toBe("motion");
  expect(await tell(8)).toBe("stable");
});

test("what was told before a request does not count for it", async () => {
  const { tellAll, startOver } = setUp();
  await tellAll([7, 7, 7]);
  startOver();
  expect(await tellAll([7, 7, 7])).toEqual(["motion", "motion", "stable"]);
});
