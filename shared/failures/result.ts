import type { FailureCode } from "./catalog.ts";

/** An expected trouble as plain data: crosses threads, processes and HTTP intact. */
export type Failure = {
  readonly code: FailureCode;
  /** Values for the sentence's {placeholders}; never a secret, never a person's data. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: string;
};

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export const succeed = <T>(value: T): Result<T> => ({ ok: true, value });

export const fail = (
  code: FailureCode,
  details: Failure["details"] = {},
  cause?: unknown,
): { readonly ok: false; readonly failure: Failure } => ({
  ok: false,
  failure: cause === undefined ? { code, details } : { code, details, cause: describeCause(cause) },
});

/** One line for whatever a library threw; some (node-hid) throw bare strings. */
export function describeCause(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.slice(0, 500);
}
