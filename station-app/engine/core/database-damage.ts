/** SQLite's words for a file that is not what it should be; a disk that cannot read a page of it counts as well. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB") return true;
  if (code === "SQLITE_CANTOPEN" || code === "SQLITE_IOERR_READ" || code === "SQLITE_IOERR_SHORT_READ")
    return true;
  // Pages of another database in the place of ours.
  return code === "SQLITE_ERROR" && /no such (table|column)/.test(String(error));
}

export const isFullDisk = (error: unknown): boolean => sqliteCode(error).startsWith("SQLITE_FULL");

const sqliteCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";
