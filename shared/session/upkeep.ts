import { z } from "zod";
import type { FactDraft } from "../facts/draft.ts";

/** What a scale owes the law and its users: a calibration by its date, a look at its zero every so often. */
export const upkeepRulesSchema = z.strictObject({
  /** How long before the date people are warned. */
  warnDays: z.int().min(0).max(365).default(30),
  /** Absent: nobody asks for zero checks. */
  zeroCheckEveryHours: z.int().min(1).max(8760).optional(),
  /** The empty scale may show so much either way. */
  zeroToleranceGrams: z.int().min(0).max(1000).default(2),
});
export type UpkeepRules = z.infer<typeof upkeepRulesSchema>;

/** What the facts say about one scale; null: it was never done. */
export type UpkeepRecord = {
  readonly deviceId: string;
  /** The day the calibration ends, YYYY-MM-DD; it still holds on that day. */
  readonly calibrationDueOn: string | null;
  readonly certificate: string | null;
  readonly zeroCheckedAt: string | null;
  readonly zeroPassed: boolean | null;
};

export const blankUpkeep = (deviceId: string): UpkeepRecord => ({
  deviceId,
  calibrationDueOn: null,
  certificate: null,
  zeroCheckedAt: null,
  zeroPassed: null,
});

/** The record after one more fact; the same record when the fact is about something else. */
export function applyUpkeep(record: UpkeepRecord, fact: FactDraft, occurredAt: string): UpkeepRecord {
  switch (fact.name) {
    case "scale.calibrated.v1":
      return {
        ...record,
        calibrationDueOn: fact.payload.dueOn,
        certificate: fact.payload.certificate,
      };
    case "scale.zero-checked.v1":
      return { ...record, zeroCheckedAt: occurredAt, zeroPassed: fact.payload.passed };
    default:
      return record;
  }
}

/** The scale a fact of upkeep is about, null for every other fact. */
export const upkeepDeviceOf = (fact: FactDraft): string | null =>
  fact.name === "scale.calibrated.v1" || fact.name === "scale.zero-checked.v1" ? fact.payload.deviceId : null;

export const upkeepViewSchema = z.object({
  calibrationDueOn: z.string().nullable(),
  certificate: z.string().nullable(),
  zeroCheckedAt: z.string().nullable(),
  /** The gravest first. */
  warnings: z.array(
    z.object({
      code: z.enum([
        "scale.calibration-overdue",
        "scale.calibration-due",
        "scale.calibration-unknown",
        "scale.zero-failed",
        "scale.zero-check-due",
      ]),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    }),
  ),
});
export type UpkeepView = z.infer<typeof upkeepViewSchema>;
type Warning = UpkeepView["warnings"][number];

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** What people are told now. @param nowMs wall clock, epoch milliseconds; days are counted in UTC. */
export function viewUpkeep(record: UpkeepRecord, rules: UpkeepRules, nowMs: number): UpkeepView {
  const { calibrationDueOn, certificate, zeroCheckedAt } = record;
  const warnings = [warnOfCalibration(record, rules, nowMs), warnOfZero(record, rules, nowMs)];
  return {
    calibrationDueOn,
    certificate,
    zeroCheckedAt,
    warnings: warnings.filter((warning) => warning !== null),
  };
}

function warnOfCalibration(record: UpkeepRecord, rules: UpkeepRules, nowMs: number): Warning | null {
  const { deviceId: device, calibrationDueOn: dueOn } = record;
  if (dueOn === null) return { code: "scale.calibration-unknown", details: { device } };
  const days = Math.floor((Date.parse(`${dueOn}T00:00:00Z`) + dayMs - 1 - nowMs) / dayMs);
  if (days < 0) return { code: "scale.calibration-overdue", details: { device, dueOn } };
  return days <= rules.warnDays ? { code: "scale.calibration-due", details: { device, dueOn, days } } : null;
}

function warnOfZero(record: UpkeepRecord, rules: UpkeepRules, nowMs: number): Warning | null {
  const { deviceId: device, zeroCheckedAt, zeroPassed } = record;
  if (zeroPassed === false) return { code: "scale.zero-failed", details: { device } };
  const { zeroCheckEveryHours: hours } = rules;
  if (hours === undefined) return null;
  const isDue = zeroCheckedAt === null || nowMs - Date.parse(zeroCheckedAt) >= hours * hourMs;
  return isDue ? { code: "scale.zero-check-due", details: { device, hours } } : null;
}
