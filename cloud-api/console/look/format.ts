import { type FailureCode, failureCatalog, fillSentence } from "@waystation/shared/failures/catalog";
import type { Failure } from "@waystation/shared/failures/result";
import type { Language } from "@waystation/shared/failures/language";

const secondMs = 1000;
const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", secondMs],
] as const;

/** The largest unit that fits, rounded down: 61 minutes are 1 hour. */
const largestUnit = (durationMs: number) =>
  units.find(([, unitMs]) => durationMs >= unitMs) ?? (["second", secondMs] as const);

/** "3 minutes ago"; less than ten seconds is now. */
export function formatAgo(agoMs: number, language: Language): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (agoMs < 10 * secondMs) return format.format(0, "second");
  const [unit, unitMs] = largestUnit(agoMs);
  return format.format(-Math.floor(agoMs / unitMs), unit);
}

export function formatDuration(durationMs: number, language: Language): string {
  const [unit, unitMs] = largestUnit(Math.abs(durationMs));
  const count = Math.floor(Math.abs(durationMs) / unitMs);
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count);
}

/** "4:05", for what runs out. */
export function formatCountdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / secondMs));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const pad = (count: number): string => String(count).padStart(2, "0");
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

export const formatDateTime = (time: string | number, language: Language): string =>
  new Date(time).toLocaleString(language === "zh" ? "zh-CN" : undefined, {
    dateStyle: "medium",
    timeStyle: "medium",
  });

export const formatClockTime = (time: string | number, language: Language): string =>
  new Date(time).toLocaleTimeString(language === "zh" ? "zh-CN" : undefined);

const gigabyteBytes = 1e9;

export function formatBytes(sizeBytes: number, language: Language): string {
  const [unit, unitBytes] = sizeBytes >= gigabyteBytes ? ["gigabyte", gigabyteBytes] : ["megabyte", 1e6];
  const format = new Intl.NumberFormat(language, {
    style: "unit",
    unit: String(unit),
    maximumFractionDigits: sizeBytes / Number(unitBytes) < 10 ? 1 : 0,
  });
  return format.format(sizeBytes / Number(unitBytes));
}

/** The catalogue's sentence; a detail that was not sent along shows as "…". */
export function describeCode(code: string, details: Failure["details"], language: Language): string {
  if (!Object.hasOwn(failureCatalog, code)) return code;
  return fillSentence(failureCatalog[code as FailureCode].text[language], details).replaceAll(
    /\{\w+\}/g,
    "…",
  );
}
