import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDatabase } from "../db/connect.ts";

/**
 * An empty database is the same for every file of a run and takes a second or two to make: the first that needs one
 * leaves a copy for the others. Only a run of the tests has such a folder, see run-folder.ts.
 */
const folder = process.env.WAYSTATION_TEST_TEMPLATES ?? null;

type Kind = "postgres" | "embedded";

export function findTemplate(kind: Kind): string | null {
  if (folder === null) return null;
  const path = join(folder, kind);
  return existsSync(path) ? path : null;
}

/** `copyTo` makes the folder it is told; it gets its name only when it is whole. */
export function keepTemplate(kind: Kind, copyTo: (path: string) => void): void {
  if (folder === null) return;
  const unfinished = join(mkdtempSync(join(folder, "unfinished-")), kind);
  copyTo(unfinished);
  try {
    renameSync(unfinished, join(folder, kind));
  } catch {
    // Another file was first.
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** An embedded database with all migrations done. */
export async function migratedTemplate(): Promise<string | null> {
  if (folder === null || findTemplate("embedded") !== null) return findTemplate("embedded");
  const path = mkdtempSync(join(tmpdir(), "waystation-template-"));
  try {
    const database = await connectDatabase({ kind: "folder", path });
    if (!database.ok) return null;
    await database.value.close();
    keepTemplate("embedded", (target) => renameSync(join(path, "database"), target));
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
  return findTemplate("embedded");
}
