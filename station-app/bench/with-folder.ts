import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Works in the folder named on the command line, which stays, or else in one that goes afterwards. */
export async function withFolder(work: (dir: string) => Promise<void> | void): Promise<void> {
  const given = process.argv[2];
  const dir = given ?? mkdtempSync(join(tmpdir(), "waystation-bench-"));
  try {
    await work(dir);
  } finally {
    if (given === undefined) rmSync(dir, { recursive: true, force: true });
  }
}
