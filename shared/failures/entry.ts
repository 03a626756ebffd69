import type { Language } from "./language.ts";

/** An expected failure: what a program may do about it and what people read. */
export type Entry = {
  /** May the same call succeed later without anybody changing anything? */
  readonly retryable: boolean;
  readonly severity: "info" | "warning" | "stop";
  readonly httpStatus: number;
  readonly text: Readonly<Record<Language, string>>;
};

export const entry = (
  retryable: boolean,
  severity: Entry["severity"],
  httpStatus: number,
  en: string,
  zh: string,
): Entry => ({
  retryable,
  severity,
  httpStatus,
  text: { en, zh },
});
