import type { Result } from "@waystation/shared/failures/result";
import { describe, expect, test } from "vitest";
import { deviceDefinitions, findDefinition } from "../registry.ts";
import type { ScaleTwinState } from "../twins/scale.ts";
import { connectTwin, type DeviceTest, oneModelPerFamily, startTwinOf } from "./connect-twin.ts";
import { until } from "./recorder.ts";

/** Tells each weight once and zero never: what it can promise stands in its own test. */
const testedAlone = new Set(["adam-az"]);
const scales = deviceDefinitions.filter(
  ({ kind, familyName }) => kind === "scale" && !testedAlone.has(familyName),
);
const models = scales.map(({ model }) => model);

async function setUp(context: DeviceTest, model: string, options: Readonly<Record<string, unknown>> = {}) {
  const twin = await startTwinOf<ScaleTwinState>(context, model, { patienceMs: 300 });
  const connected = connectTwin(context, "scale", model, twin, { ...limitsOf(model).options, ...options });
  await until(connected.isReady, "the scale is ready");
  const load = (weightGrams: number, settleMs = 0) =>
    twin.control({ command: "load", weightGrams, settleMs });
  return { twin, load, ...connected };
}

/** What a family cannot do, by its protocol. */
type Limits = {
  /** Its display's step in grams, where that is not one gram. */
  readonly stepGrams?: number;
  /** It has no sign: below zero is out of range. */
  readonly isUnsigned?: true;
  /** It is never asked, so a line that delays everything cannot be told from a slow parcel. */
  readonly isMute?: true;
  /** What the site would have to set for the twin. */
  readonly options?: Readonly<Record<string, unknown>>;
};
const limits: Readonly<Record<string, Limits>> = {
  "toledo-8217": { isUnsigned: true, options: { unit: "kg" } },
  "toledo-continuous": { isMute: true },
  "fairbanks-ups": { stepGrams: 10 },
  "cas-22": { isMute: true },
  "delimited-scale": { isMute: true },
  "hid-pos-scale": { isMute: true },
};
const limitsOf = (model: string): Limits => limits[findDefinition(model)?.familyName ?? ""] ?? {};

/** To the step of the display. */
const isShown = (model: string, grams: number, shown: number | undefined) =>
  shown !== undefined && Math.abs(shown - grams) < (limitsOf(model).stepGrams ?? 1);
function expectWeight(model: string, grams: number, weighed: Result<number>) {
  expect(weighed).toMatchObject({ ok: true });
  if (weighed.ok && !isShown(model, grams, weighed.value)) expect(weighed.value).toBe(grams);
}

test.concurrent.for(models)(
  "%s weighs what is on it, exactly, over the real line",
  async (model, context) => {
    const { device, load } = await setUp(context, model);
    const { isUnsigned } = limitsOf(model);
    for (const grams of [1234, 0, -5, 59_999]) {
      await load(grams, 50);
      const weighed = await device.requestWeight(4000);
      if (isUnsigned && grams < 0) expect(weighed).toMatchObject({ failure: { code: "scale.out-of-range" } });
      else expectWeight(model, grams, weighed);
    }
  },
);

describe.concurrent.each(oneModelPerFamily(scales))("%s under faults", (model) => {
  test("a weight that does not settle, and one out of range, are failures with their names", async (context) => {
    const { device, load } = await setUp(context, model);
    await load(500, 60_000);
    const unstable = await device.requestWeight(900);
    expect(unstable.ok ? null : unstable.failure.code).toBe("scale.unstable");
    await load(70_000);
    const over = await device.requestWeight(2000);
    expect(over.ok ? null : over.failure.code).toBe("scale.out-of-range");
  });

  test.skipIf(limitsOf(model).isMute)(
    "the weight of the parcel before never answers, however late it comes",
    async (context) => {
      const { twin, device, load } = await setUp(context, model);
      await load(111);
      await twin.control({ command: "fault", fault: "late", count: 1, delayMs: 600 });
      const first = await device.requestWeight(100);
      expect(first.ok).toBe(false);
      await load(222);
      expectWeight(model, 222, await device.requestWeight(4000));
    },
  );

  test.for(["garble", "noise", "duplicate", "split"])(
    "%s on the line costs no wrong weight",
    async (fault, context) => {
      const { twin, device, ofKind, load } = await setUp(context, model);
      await load(4321);
      const isLoaded = () => isShown(model, 4321, ofKind("weight").at(-1)?.weightGrams);
      if (limitsOf(model).isMute) await until(isLoaded, "the load is streamed");
      const before = limitsOf(model).isMute ? ofKind("weight").length : 0;
      await twin.control({ command: "fault", fault, count: 2 });
      expectWeight(model, 4321, await device.requestWeight(5000));
      const told = ofKind("weight").slice(before);
      expect(told.filter(({ weightGrams }) => !isShown(model, 4321, weightGrams))).toEqual([]);
    },
  );

  test("a silent scale is named, and is ready again by itself when it speaks", async (context) => {
    const { twin, device, states, isReady, load } = await setUp(context, model);
    await load(77);
    await twin.control({ command: "fault", fault: "silent" });
    const silent = await device.requestWeight(300);
    expect(silent.ok ? null : silent.failure.code).toBe("device.silent");
    await until(() => states.at(-1)?.state === "faulted", "silence is a fault");
    await twin.control({ command: "clear" });
    await until(isReady, "ready again");
    expectWeight(model, 77, await device.requestWeight(4000));
  });

  test("a pulled cable fails the request at once", async (context) => {
    const { twin, device, isReady, load } = await setUp(context, model);
    await load(500, 60_000);
    const request = device.requestWeight(30_000);
    await twin.control({ command: "disconnect" });
    const result = await request;
    expect(result.ok ? null : result.failure.code).toBe("device.disconnected");
    await twin.control({ command: "plug" });
    await until(isReady, "ready again");
  });

  test("one request at a time", async (context) => {
    const { device, load } = await setUp(context, model);
    await load(5, 200);
    const [first, second] = await Promise.all([device.requestWeight(4000), device.requestWeight(4000)]);
    expectWeight(model, 5, first);
    expect(second.ok ? null : second.failure.code).toBe("device.queue-full");
  });
});

test.concurrent("mt-sics streams changes, and a request in the middle of the stream gets a weight taken after it", async (context) => {
  const { device, ofKind, load } = await setUp(context, "mt-sics", { stream: true });
  await load(100);
  await until(() => ofKind("weight").some(({ weightGrams }) => weightGrams === 100), "streamed");
  await load(200);
  expect(await device.requestWeight(4000)).toEqual({ ok: true, value: 200 });
  await load(300);
  const isStreamed = () => ofKind("weight").at(-1)?.weightGrams === 300;
  await until(isStreamed, "the stream goes on after the request");
});
