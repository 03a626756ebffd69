import { describe, expect, onTestFinished, test } from "vitest";
import { connectTwin } from "../conformance/connect-twin.ts";
import { until } from "../conformance/recorder.ts";
import { encodeText } from "../kit/text.ts";
import { findDefinition } from "../registry.ts";
import { createScaleTwin, type ScaleDialect } from "../twins/scale.ts";

/** As a technician would write it into a file, after the manual of a scale nobody knows. */
const described = `{
  "layout": {"by": "separator", "separator": ";", "fields": ["ignore", "sign", "weight", "unit"]},
  "terminator": "cr",
  "unitWords": {"KGM": "kg"},
  "decimalMark": ",",
  "busyLines": ["W;WAIT"],
  "pollHex": "573f0d",
  "repeatMs": 60
}`;

/** The scale itself: asked W? it answers at once and never says whether the weight is at rest. */
const unknownScale: ScaleDialect = ({ load, say }) => {
  let asked = 0;
  const onData = (bytes: Uint8Array) => {
    if (Buffer.from(bytes).toString("latin1") !== "W?\r") return;
    asked += 1;
    if (asked % 4 === 0) return say(encodeText("W;WAIT\r"));
    const { weightGrams, state } = load();
    const shown = state === "motion" ? weightGrams + asked * 10 : weightGrams;
    const sign = shown < 0 ? "-" : "+";
    say(encodeText(`W;${sign};${(Math.abs(shown) / 1000).toFixed(3).replace(".", ",")};KGM\r`));
  };
  return { onData };
};

test("a scale described in a file is weighed with, and rest is seen from equal weights", async () => {
  const twin = await createScaleTwin(unknownScale)();
  onTestFinished(twin.stop);
  const { device, isReady } = connectTwin(
    { onTestFinished },
    "scale",
    "delimited-scale",
    twin,
    JSON.parse(described),
  );
  await until(isReady, "the scale is ready");
  for (const weightGrams of [1250, 0, -5]) {
    await twin.control({ command: "load", weightGrams, settleMs: 100 });
    expect(await device.requestWeight(6000)).toEqual({ ok: true, value: weightGrams });
  }
  await twin.control({ command: "load", weightGrams: 700, settleMs: 60_000 });
  const moving = await device.requestWeight(800);
  expect(moving.ok ? null : moving.failure.code).toBe("scale.unstable");
});

describe("a description that makes no sense is refused with its reason", () => {
  const column = (field: string, start: number, length: number) => ({ field, start, length });
  test.each([
    [{ by: "separator", separator: ",", fields: ["state", "unit"] }, /exactly one field holds the weight/],
    [{ by: "separator", separator: ",", fields: ["weight", "weight"] }, /named twice/],
    [{ by: "separator", separator: ",", fields: ["weight-and-unit", "unit"] }, /the unit is named twice/],
    [{ by: "columns", lineLength: 5, columns: [column("weight", 0, 6)] }, /ends behind the line/],
    [{ by: "pattern", pattern: "(.*)" }, /by/],
  ])("%j", (layout, reason) => {
    const codec = findDefinition("delimited-scale")?.createCodec({ layout });
    expect(codec?.ok === false ? codec.failure.details.reason : "accepted").toMatch(reason);
  });
});
