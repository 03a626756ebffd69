import { expect, onTestFinished, test } from "vitest";
import { connectTwin } from "../conformance/connect-twin.ts";
import { until } from "../conformance/recorder.ts";
import { createScaleTwin } from "../twins/scale.ts";
import { adamAzDialect } from "../twins/scales/adam-az.ts";

async function setUp() {
  const twin = await createScaleTwin(adamAzDialect)();
  onTestFinished(twin.stop);
  const connected = connectTwin({ onTestFinished }, "scale", "adam-az", twin, { lostMs: 500 });
  await until(connected.isReady, "the scale is ready");
  const load = (weightGrams: number, settleMs = 0) =>
    twin.control({ command: "load", weightGrams, settleMs });
  const weigh = async (timeoutMs = 700) => {
    const weighed = await connected.device.requestWeight(timeoutMs);
    return weighed.ok ? weighed.value : weighed.failure.code;
  };
  return { twin, load, weigh, ...connected };
}

test("one weight after the other, each waited for until it rests", async () => {
  const { load, weigh, ofKind } = await setUp();
  for (const grams of [1234, 59_999, 5]) {
    await load(grams, 300);
    expect(await weigh(3000)).toBe(grams);
  }
  expect(ofKind("weight").map(({ weightGrams }) => weightGrams)).toEqual([1234, 59_999, 5]);
});

test("what the scale does not tell is silence, never zero and never the parcel before", async () => {
  const { load, weigh } = await setUp();
  await load(500);
  expect(await weigh()).toBe(500);
  expect(await weigh()).toBe("device.silent");
  await load(0);
  expect(await weigh()).toBe("device.silent");
  await load(501);
  expect(await weigh()).toBe(501);
});

test("an answer that comes too late is told, and answers nobody", async () => {
  const { twin, load, weigh, ofKind } = await setUp();
  await load(111);
  await twin.control({ command: "fault", fault: "late", count: 1, delayMs: 400 });
  expect(await weigh(100)).toBe("device.silent");
  await load(222);
  expect(await weigh(3000)).toBe(222);
  expect(ofKind("weight").map(({ weightGrams }) => weightGrams)).toEqual([111, 222]);
});

test("nobody waiting, it is not asked: every question may be a beep", async () => {
  const { twin, states, isReady } = await setUp();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(twin.state().requests).toBe(0);
  expect(isReady()).toBe(true);
  expect(states).toEqual([{ state: "ready" }]);
});

test("a damaged answer is refused and invents no weight", async () => {
  const { twin, load, weigh, ofKind } = await setUp();
  await load(4321);
  await twin.control({ command: "fault", fault: "noise", count: 1 });
  expect(await weigh()).toBe("device.silent");
  expect(ofKind("weight")).toEqual([]);
  expect(ofKind("refused").length).toBe(1);
  await load(4322);
  expect(await weigh()).toBe(4322);
});
