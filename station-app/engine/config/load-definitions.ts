import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readUserDefinitions, type UserDefinitions } from "@waystation/drivers/user-definitions";

/** Longer than any honest definition; beyond it nothing is read. */
const limitBytes = 64 * 1024;
const limitFiles = 200;

/** The device definitions of a folder; one that does not exist holds none. */
export function loadDefinitions(folder: string): UserDefinitions {
  const unreadable: { path: string; reason: string }[] = [];
  const files: { path: string; value: unknown }[] = [];
  for (const name of listFiles(folder)) {
    const path = join(folder, name);
    try {
      if (statSync(path).size > limitBytes) throw new Error(`it is larger than ${limitBytes} bytes`);
      files.push({ path, value: JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, "")) });
    } catch (error) {
      unreadable.push({ path, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const { definitions, refused } = readUserDefinitions(files);
  return { definitions, refused: [...unreadable, ...refused] };
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .toSorted()
      .slice(0, limitFiles);
  } catch {
    return [];
  }
}
