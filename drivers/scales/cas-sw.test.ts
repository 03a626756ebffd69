import { expect, onTestFinished, test } from "vitest";
import { connectTwin, startTwinOf } from "../conformance/connect-twin.ts";
import { until } from "../conformance/recorder.ts";
import { createScaleTwin, type ScaleDialect, type ScaleTwinState } from "../twins/scale.ts";
import { casSwDialect } from "../twins/scales/cas-sw.ts";

test("an ACK that comes twice fetches one weight: a second one would answer the next parcel", async () => {
  const twin = await startTwinOf<ScaleTwinState>({ onTestFinished }, "cas-sw");
  const { device, isReady, ofKind } = connectTwin({ onTestFinished }, "scale", "cas-sw", twin);
  await until(isReady, "the scale is ready");
  // the first ACK makes it ready; the DC1 that belongs to it is still to come
  await until(() => twin.state().requests >= 2, "the first question is through");
  await twin.control({ command: "load", weightGrams: 316, settleMs: 0 });
  const before = twin.state().requests;
  await twin.control({ command: "fault", fault: "duplicate", count: 1 });
  expect(await device.requestWeight(2000)).toEqual({ ok: true, value: 316 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(twin.state().requests - before).toBe(2);
  expect(ofKind("weight").length).toBe(1);
});

test("a scale that is not ready says NAK and is asked again", async () => {
  let refusals = 3;
  const busyDialect: ScaleDialect = (stage) => {
    const ready = casSwDialect(stage);
    return {
      onData: (bytes) => {
        if (bytes[0] !== 0x05 || refusals === 0) return ready.onData(bytes);
        refusals -= 1;
        stage.say(Uint8Array.of(0x15));
      },
    };
  };
  const twin = await createScaleTwin(busyDialect)();
  onTestFinished(twin.stop);
  const { device, isReady } = connectTwin({ onTestFinished }, "scale", "cas-sw", twin);
  await until(isReady, "NAK is a sign of life");
  await twin.control({ command: "load", weightGrams: 1250, settleMs: 0 });
  expect(await device.requestWeight(2000)).toEqual({ ok: true, value: 1250 });
});
