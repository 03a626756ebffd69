import type { LogFields } from "./logger.ts";

const deepest = 4;

/**
 * An error for the log: kind, message, code, our own lines of the stack, and the same of its causes. PostgreSQL
 * quotes offending values in messages and details: of those only code, table and constraint are kept.
 */
export function describeError(error: unknown, depth = 0): LogFields {
  if (!(error instanceof Error)) return { message: String(error).slice(0, 200) };
  const extra = error as Error & { readonly [key: string]: unknown };
  const fromDatabase = typeof extra.code === "string" && /^[0-9A-Z]{5}$/.test(extra.code);
  return {
    kind: error.name,
    message: fromDatabase ? hideValues(error.message) : error.message.slice(0, 300),
    ...pick(extra, ["code", "syscall", "table", "constraint", "column", "routine"]),
    ...(depth === 0 ? { at: ownLines(error) } : {}),
    ...(error.cause === undefined || depth >= deepest
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}

const pick = (source: { readonly [key: string]: unknown }, names: readonly string[]): LogFields =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = source[name];
      return typeof value === "string" ? [[name, value.slice(0, 100)]] : [];
    }),
  );

/** `invalid input syntax for type integer: "..."`: what follows the colon is somebody's data. */
const hideValues = (message: string): string => message.slice(0, 300).replace(/:.*$/s, "");

/** File and line without the path before the package: a log may leave the machine. */
const ownLines = (error: Error): readonly string[] =>
  (error.stack ?? "")
    .split("\n")
    .flatMap((line) => /(?:cloud-api|shared)\/[^\s()]+:\d+/.exec(line)?.[0] ?? [])
    .slice(0, 6);
