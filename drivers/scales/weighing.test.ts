import { fail, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { expect, test } from "vitest";
import { createManualClock } from "../kit/manual-clock.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply, type Weighing } from "./weighing.ts";

/** A tongue for tests: "7" is 7 g at rest, "7~" the same in motion, "F" answers the fence. */
function parse(frame: Uint8Array): ScaleReply {
  const text = decodeLatin1(frame);
  const [, grams, motion] = /^(\d+)(~?)$/.exec(text) ?? [];
  if (grams !== undefined) return weightReply(Number(grams), motion ? "motion" : "stable", false);
  if (text === "over") return withoutWeight("over");
  if (text === "=") return { reply: "unchanged" };
  if (text === "wait") return { reply: "unsettled" };
  if (text === "again") return { reply: "repeat" };
  if (text === "never") return { reply: "error", reason: "never" };
  return text === "F" ? { reply: "other", about: "F" } : refuse("what", text);
}

const question = encodeText("W");
const polled: Weighing = { parse, ask: question, repeatMs: 100, lostMs: 1000 };
const fence = {
  bytes: encodeText("F?"),
  isAnswer: (reply: ScaleReply) => reply.reply === "other" && reply.about === "F",
};

function start(weighing: Weighing) {
  const clock = createManualClock(50_000);
  const written: string[] = [];
  const readings: Reading[] = [];
  const context = {
    deviceId: "scale",
    options: {},
    clock,
    isOpen: () => true,
    write: (bytes: Uint8Array) => {
      written.push(decodeLatin1(bytes));
      return succeed(null);
    },
    bufferedBytes: () => 0,
    drop: () => undefined,
    emit: (reading: Reading) => void readings.push(reading),
    reportHealth: () => undefined,
  };
  const session = createWeighingSession(context, weighing);
  session.onOpen?.();
  const hear = (...texts: readonly string[]) => {
    for (const text of texts) session.onFrame(encodeText(text));
  };
  /** What came of a request so far; undefined while it waits. */
  const request = (timeoutMs = 5000) => {
    const asked: { outcome?: number | string } = {};
    void session.commands.requestWeight(timeoutMs).then((result) => {
      asked.outcome = result.ok ? result.value : result.failure.code;
    });
    return asked;
  };
  const grams = () => readings.flatMap((reading) => (reading.kind === "weight" ? [reading.weightGrams] : []));
  return { clock, written, readings, session, hear, request, grams };
}

test("the first weight at rest answers; motion and a scale that cannot say yet are asked again", async () => {
  const { clock, written, hear, request } = start(polled);
  const asked = request();
  hear("5~");
  await clock.advance(99);
  expect(written).toEqual(["W"]);
  await clock.advance(1);
  hear("wait");
  await clock.advance(100);
  hear("again");
  await clock.advance(100);
  expect(written).toEqual(["W", "W", "W", "W"]);
  hear("6");
  await clock.advance(0);
  expect(asked).toEqual({ outcome: 6 });
});

test("every question answered: the next request does not wait, however often the last one asked", async () => {
  const { clock, written, hear, request } = start(polled);
  request();
  hear("5~");
  await clock.advance(100);
  hear("5");
  const next = request();
  expect(written).toEqual(["W", "W", "W"]);
  hear("9");
  await clock.advance(0);
  expect(next).toEqual({ outcome: 9 });
});

test("an unanswered question is waited out: its late answer is told, and answers nothing", async () => {
  const { clock, written, hear, request, grams } = start(polled);
  const first = request(300);
  await clock.advance(300);
  expect(first).toEqual({ outcome: "device.silent" });
  const second = request();
  await clock.advance(500);
  hear("1");
  await clock.advance(0);
  expect([second, written, grams()]).toEqual([{}, ["W", "W"], [1]]);
  hear("2");
  await clock.advance(0);
  expect(second).toEqual({ outcome: 2 });
});

test("what is not understood is no late answer, and two unanswered questions have two", async () => {
  const { clock, written, hear, request } = start(polled);
  request(150);
  hear("#");
  await clock.advance(150);
  const second = request();
  hear("#", "1");
  await clock.advance(200);
  expect(written).toEqual(["W", "W"]);
  hear("1");
  expect(written).toEqual(["W", "W", "W"]);
  hear("3");
  await clock.advance(0);
  expect(second).toEqual({ outcome: 3 });
});

test("an answer that never comes delays the next request by no more than lostMs, and the line's end does not forget it", async () => {
  const { clock, written, session, hear, request } = start(polled);
  request(100);
  await clock.advance(100);
  session.onDown?.(fail("device.disconnected").failure);
  session.onOpen?.();
  const second = request();
  await clock.advance(899);
  expect(written).toEqual(["W"]);
  await clock.advance(1);
  expect(written).toEqual(["W", "W"]);
  hear("4");
  await clock.advance(0);
  expect(second).toEqual({ outcome: 4 });
});

test("behind a fence: only what follows its answer counts", async () => {
  const { clock, written, hear, request } = start({ ...polled, fence });
  request(100);
  await clock.advance(5000);
  const second = request();
  expect(written).toEqual(["W", "F?"]);
  hear("1", "1", "F");
  expect(written).toEqual(["W", "F?", "W"]);
  hear("2");
  await clock.advance(0);
  expect(second).toEqual({ outcome: 2 });
});

test("a running stream is fenced off, and goes on after the request", async () => {
  const { clock, written, hear, request } = start({ ...polled, fence, stream: encodeText("R") });
  const asked = request();
  hear("1", "1", "F");
  expect(written).toEqual(["R", "F?", "W"]);
  hear("2");
  await clock.advance(0);
  expect(asked).toEqual({ outcome: 2 });
  expect(written.at(-1)).toBe("R");
  expect(() => start({ ...polled, stream: encodeText("R") })).toThrow(/stream/);
});

test("a scale that only streams: the frame under way passes, and all that waited with it", async () => {
  const { clock, written, hear, request, grams } = start({ ...polled, ask: null });
  const asked = request();
  hear("#");
  await clock.advance(50);
  hear("1", "1", "1");
  await clock.advance(50);
  expect(asked).toEqual({});
  hear("2~");
  await clock.advance(50);
  hear("2");
  await clock.advance(0);
  expect(asked).toEqual({ outcome: 2 });
  expect([written, grams()]).toEqual([[], [1, 1, 1, 2, 2]]);
});

test("a scale of which only noise is heard is silent", async () => {
  const { clock, hear, request } = start(polled);
  const asked = request(300);
  hear("#");
  await clock.advance(300);
  expect(asked).toEqual({ outcome: "device.silent" });
});

test("a stream that stopped is silence, one that never rests is not", async () => {
  const { clock, hear, request } = start({ ...polled, ask: null });
  const silent = request(300);
  hear("1");
  await clock.advance(300);
  const restless = request(300);
  for (let frame = 0; frame < 3; frame += 1) {
    hear("1~");
    await clock.advance(100);
  }
  expect([silent, restless]).toEqual([{ outcome: "device.silent" }, { outcome: "scale.unstable" }]);
});

test("what only a probe asked for is not told, and does not answer a request made meanwhile", async () => {
  const { clock, written, session, hear, request, grams } = start({ ...polled, probe: question });
  session.probe?.ask();
  const asked = request();
  expect(written).toEqual(["W"]);
  hear("1");
  expect([written, grams()]).toEqual([["W", "W"], []]);
  hear("2");
  await clock.advance(0);
  expect([asked, grams()]).toEqual([{ outcome: 2 }, [2]]);
});

test("a probe that was lost does not hide the weight of the next request", async () => {
  const { clock, session, hear, request, grams } = start({ ...polled, probe: question });
  session.probe?.ask();
  await clock.advance(1000);
  request();
  hear("2");
  expect(grams()).toEqual([2]);
});

test("a belt scale that tells one weight per parcel: each is told, and its silence is no fault", () => {
  const { session, hear, grams } = start({ ...polled, ask: null, isPerParcel: true });
  expect(session.readyOn).toBe("open");
  expect(session.probe).toBeUndefined();
  hear("205", "310");
  expect(grams()).toEqual([205, 310]);
});

test('"unchanged" means the weight told last, a probe\'s too', async () => {
  const { clock, session, hear, request } = start({ ...polled, probe: question });
  session.probe?.ask();
  hear("7");
  const first = request();
  hear("=");
  await clock.advance(0);
  expect(first).toEqual({ outcome: 7 });
});

test.each([
  ["damaged", (hear: (text: string) => void) => hear("#")],
  ["lost", () => undefined],
])('"unchanged" after an answer that was %s means a weight nobody heard', async (_, happen) => {
  const { clock, written, hear, request } = start(polled);
  request();
  hear("7");
  const second = request(3000);
  happen(hear);
  await clock.advance(1000);
  expect(written).toHaveLength(3);
  hear("=");
  await clock.advance(100);
  hear("=");
  await clock.advance(3000);
  expect(second).toEqual({ outcome: "scale.unstable" });
});

test('"unchanged" after a reconnect means a weight of another time', async () => {
  const { clock, session, hear, request } = start(polled);
  request();
  hear("7");
  session.onDown?.(fail("device.disconnected").failure);
  session.onOpen?.();
  const asked = request(500);
  hear("=");
  await clock.advance(500);
  expect(asked).toEqual({ outcome: "scale.unstable" });
});

test("a stale first report is neither told nor an answer, after every connect", async () => {
  const { clock, session, hear, request, grams } = start({ ...polled, isFirstStale: true });
  const asked = request();
  hear("1");
  await clock.advance(100);
  hear("2");
  await clock.advance(0);
  expect([asked, grams()]).toEqual([{ outcome: 2 }, [2]]);
  session.onOpen?.();
  hear("3", "4");
  expect(grams()).toEqual([2, 4]);
});

test("out of range, refused by the scale, one at a time, and cut off", async () => {
  const { clock, session, hear, request } = start(polled);
  const over = request();
  hear("over");
  const error = request();
  hear("never");
  const cut = request();
  const second = request();
  session.onDown?.(fail("device.disconnected").failure);
  await clock.advance(0);
  expect([over, error, cut, second]).toEqual([
    { outcome: "scale.out-of-range" },
    { outcome: "device.refused-frame" },
    { outcome: "device.disconnected" },
    { outcome: "device.queue-full" },
  ]);
});

test("the decoder tells weights and refusals, and keeps the rest to itself", () => {
  const decode = createWeightDecoder(parse);
  const told = ["7", "=", "F", "wait", "#"].flatMap((text) => decode(encodeText(text)));
  expect(told).toEqual([
    { kind: "weight", weightGrams: 7, state: "stable", net: false },
    { kind: "refused", reason: 'what: "#"' },
  ]);
});
