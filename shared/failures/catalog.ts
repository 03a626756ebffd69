import type { Language } from "./language.ts";
import { cloudFailures } from "./cloud-failures.ts";
import { deviceFailures } from "./device-failures.ts";
import type { Entry } from "./entry.ts";
import { stationFailures } from "./station-failures.ts";

/** Every expected failure. A code without its sentences does not compile. */
export const failureCatalog = {
  ...deviceFailures,
  ...stationFailures,
  ...cloudFailures,
} as const satisfies Record<string, Entry>;

export type FailureCode = keyof typeof failureCatalog;

/** The sentence shown to people. An unknown placeholder stays visible rather than vanishing. */
export function describeFailure(
  failure: { readonly code: FailureCode; readonly details: Readonly<Record<string, unknown>> },
  language: Language = "en",
): string {
  return fillSentence(failureCatalog[failure.code].text[language], failure.details);
}

export function fillSentence(template: string, details: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = details[name];
    return value === undefined ? whole : String(value);
  });
}
