import {
  describeNextStep,
  describeReason,
  type Reason,
  reasonCatalog,
} from "@waystation/shared/decision/reasons";
import { describeFailure, failureCatalog } from "@waystation/shared/failures/catalog";
import type { Language } from "@waystation/shared/failures/language";
import type { Failure } from "@waystation/shared/failures/result";

/** A view may come from a newer engine: a code this page does not know is shown as it is, never hidden. */
type Coded = { readonly code: string; readonly details: Failure["details"] };

const isReason = (item: Coded): item is Reason => Object.hasOwn(reasonCatalog, item.code);
const isFailure = (item: Coded): item is Failure => Object.hasOwn(failureCatalog, item.code);

export const reasonText = (item: Coded, language: Language): string =>
  isReason(item) ? describeReason(item, language) : item.code;

export const nextStepText = (item: Coded, language: Language): string | null =>
  isReason(item) ? describeNextStep(item, language) : null;

export const failureText = (item: Coded, language: Language): string =>
  isFailure(item) ? describeFailure(item, language) : item.code;

export const formatGrams = (grams: number, language: Language): string =>
  new Intl.NumberFormat(language, { style: "unit", unit: "gram", unitDisplay: "short" }).format(grams);

export const formatTime = (milliseconds: number, language: Language): string =>
  new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(milliseconds);

/** "FR" -> "France"; nothing for a code without a name. */
export function countryName(code: string, language: Language): string {
  if (!/^[A-Z]{2}$/.test(code)) return "";
  return new Intl.DisplayNames([language], { type: "region", fallback: "none" }).of(code) ?? "";
}
