import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const programs: Readonly<Record<string, string>> = {
  win32: "electron.exe",
  darwin: "Electron.app/Contents/MacOS/Electron",
};

/**
 * Electron's program, or null. Importing the `electron` package instead would start a long download where the program
 * is missing. `overrideDir`: the folder of another copy (ELECTRON_OVERRIDE_DIST_PATH, as Electron itself reads it).
 */
export function findElectron(
  overrideDir: string | undefined,
  platform: string = process.platform,
): string | null {
  const program = programs[platform] ?? "electron";
  const dir = overrideDir ?? packagedDir();
  const path = dir === null ? null : join(dir, program);
  return path !== null && existsSync(path) ? path : null;
}

function packagedDir(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("electron/package.json")), "dist");
  } catch {
    return null;
  }
}
