/** PostgreSQL's own words for a condition that does not fit the table, or a value that is none of its type. */
export const isConditionError = (error: unknown): error is Error =>
  /^(22|42(725|804|846|883|P18|P22|P38|601|803))/.test(readCode(error));

/** The table or a column of it has gone since we looked. */
export const isMissing = (error: unknown): boolean => /^(42P01|42703|42704|3F000)$/.test(readCode(error));

/** Somebody holds the table and does not let go. */
export const isLockTimeout = (error: unknown): boolean => readCode(error) === "55P03";

function readCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
