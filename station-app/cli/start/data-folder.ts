import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { claimFolder, type RunFile } from "../processes/run-file.ts";

/** Everything `waystation start` keeps, below one folder. */
export type DataFolder = {
  readonly path: string;
  /** facts.db, orders.db and the engine's configuration. */
  readonly station: string;
  /** The embedded database. */
  readonly cloud: string;
  readonly logs: string;
  readonly runFile: RunFile;
};

const marker = "waystation-data.json";
const markerText = `${JSON.stringify({ kind: "waystation-data", version: 1 })}\n`;
/** What --fresh deletes. Files that somebody else put into the folder stay. */
const owned = ["station", "cloud", "logs"] as const;

/**
 * Makes or takes the data folder. Failures: data.not-ours for a folder with something else in it, data.in-use
 * while another start has it; in both cases nothing is touched, with `fresh` neither.
 */
export async function openDataFolder(
  givenPath: string,
  options: { readonly fresh: boolean },
): Promise<Result<DataFolder>> {
  const path = resolve(givenPath);
  if (!isOursOrEmpty(path)) return fail("data.not-ours", { path });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const claimed = await claimFolder(path);
  if (!claimed.ok) return claimed;
  if (options.fresh) for (const name of owned) rmSync(join(path, name), { recursive: true, force: true });
  writeFileSync(join(path, marker), markerText);
  for (const name of owned) mkdirSync(join(path, name), { recursive: true, mode: 0o700 });
  return succeed({
    path,
    station: join(path, "station"),
    cloud: join(path, "cloud"),
    logs: join(path, "logs"),
    runFile: claimed.value,
  });
}

function isOursOrEmpty(path: string): boolean {
  if (!existsSync(path)) return true;
  try {
    const names = readdirSync(path);
    return (
      names.length === 0 ||
      (names.includes(marker) && readFileSync(join(path, marker), "utf8").includes(`"waystation-data"`))
    );
  } catch {
    return false;
  }
}
