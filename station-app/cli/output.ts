import { describeFailure } from "@waystation/shared/failures/catalog";
import type { Failure } from "@waystation/shared/failures/result";

/** Every command ends with one of these; scripts rely on them. */
export const exitCodes = {
  done: 0,
  /** The command ran and found or met trouble: a damaged log, a port in use, a process that will not start. */
  trouble: 1,
  /** Wrong arguments or an input that is not what it should be. */
  usage: 2,
} as const;

export const exitCodesHelp = `
Exit codes:
  0  done
  1  trouble found or met (the message says which)
  2  wrong arguments or invalid input`;

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function printText(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** The sentence goes to stderr; with `json` the failure itself goes to stdout, so that a program can read it. */
export function reportFailure(
  failure: Failure,
  options: { readonly json: boolean; readonly exitCode?: number },
): void {
  if (options.json) printJson({ failure });
  process.stderr.write(`${describeFailure(failure)}\n`);
  process.exitCode = options.exitCode ?? exitCodes.trouble;
}

/** Left-aligned columns, two blanks between; no trailing blanks. */
export function layOutTable(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number) => cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}
