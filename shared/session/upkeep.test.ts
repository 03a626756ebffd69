import { expect, test } from "vitest";
import { applyUpkeep, blankUpkeep, upkeepRulesSchema, viewUpkeep } from "./upkeep.ts";

const rules = upkeepRulesSchema.parse({ zeroCheckEveryHours: 24 });
const at = (text: string) => Date.parse(text);
const calibrated = { ...blankUpkeep("scale"), calibrationDueOn: "2027-01-31", certificate: "K-1" };
const codes = (record: Parameters<typeof viewUpkeep>[0], now: string, other = rules) =>
  viewUpkeep(record, other, at(now)).warnings.map(({ code }) => code);

test.each([
  ["2026-12-30T23:59:59Z", []],
  ["2027-01-01T00:00:00Z", ["scale.calibration-due"]],
  ["2027-01-31T23:59:59Z", ["scale.calibration-due"]],
  ["2027-02-01T00:00:00Z", ["scale.calibration-overdue"]],
])("calibration at %s", (now, expected) => {
  expect(codes(calibrated, now, upkeepRulesSchema.parse({}))).toEqual(expected);
});

test("a scale nobody has recorded a calibration for says so", () => {
  expect(codes(blankUpkeep("scale"), "2026-11-22T00:00:00Z")).toEqual([
    "scale.calibration-unknown",
    "scale.zero-check-due",
  ]);
});

test("a zero check holds for its hours, a failed one until the next", () => {
  const fact = (passed: boolean) =>
    ({
      name: "scale.zero-checked.v1",
      lane: null,
      parcelId: null,
      actor: { kind: "operator", id: "o" },
      payload: { deviceId: "scale", weightGrams: passed ? 0 : 9, toleranceGrams: 2, passed },
    }) as const;
  const passed = applyUpkeep(calibrated, fact(true), "2026-11-22T08:00:00Z");
  expect(codes(passed, "2026-11-23T07:59:59Z")).toEqual([]);
  expect(codes(passed, "2026-11-23T08:00:00Z")).toEqual(["scale.zero-check-due"]);
  const failed = applyUpkeep(passed, fact(false), "2026-11-22T09:00:00Z");
  expect(codes(failed, "2026-11-22T09:00:01Z")).toEqual(["scale.zero-failed"]);
});

test("the days left are part of the warning", () => {
  const { warnings } = viewUpkeep(calibrated, rules, at("2027-01-30T12:00:00Z"));
  expect(warnings[0]?.details).toEqual({ device: "scale", dueOn: "2027-01-31", days: 1 });
});
