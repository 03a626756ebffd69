import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Pages built by Vite: their configuration, and the folders whose change makes a build stale. */
const screens = [
  {
    name: "station screen",
    config: "station-app/renderer/vite.config.ts",
    sources: ["station-app/renderer", "shared", "drivers/scanners"],
  },
  {
    name: "cloud console",
    config: "cloud-api/console/vite.config.ts",
    sources: ["cloud-api/console", "shared"],
  },
] as const;

const stampFile = ".built-from";
const notSource = new Set(["node_modules", "dist"]);

/**
 * Builds every screen whose sources changed since its last build and returns the names of those. A build takes
 * the old one's place in one rename, so that a running server never serves half of it.
 */
export async function buildScreens(options: { readonly force?: boolean } = {}): Promise<string[]> {
  const built: string[] = [];
  for (const { name, config, sources } of screens) {
    if (await buildScreen(join(root, config), sources, options.force === true)) built.push(name);
  }
  return built;
}

async function buildScreen(configFile: string, sources: readonly string[], force: boolean): Promise<boolean> {
  // Loaded late: Vite is a development package and most commands do without it.
  const { build, resolveConfig } = await import("vite");
  const options = { configFile, root: dirname(configFile), logLevel: "error" } as const;
  const resolved = await resolveConfig(options, "build");
  const finished = resolve(resolved.root, resolved.build.outDir);
  const stamp = hashSources(sources);
  if (!force && readStamp(finished) === stamp) return false;
  const fresh = `${finished}.${process.pid}`;
  try {
    await build({ ...options, build: { outDir: fresh, emptyOutDir: true } });
    writeFileSync(join(fresh, stampFile), stamp);
    replaceFolder(finished, fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return true;
}

/** Another process may put its own build there between the two steps; one of the two equal builds is enough. */
function replaceFolder(finished: string, fresh: string): void {
  rmSync(finished, { recursive: true, force: true });
  try {
    renameSync(fresh, finished);
  } catch (error) {
    if (!existsSync(join(finished, stampFile))) throw error;
  }
}

function readStamp(folder: string): string | null {
  const path = join(folder, stampFile);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

/** Over the contents, because a checkout gives every file a new time. */
function hashSources(folders: readonly string[]): string {
  const hash = createHash("sha256");
  const paths = folders.flatMap((folder) => listFiles(folder)).filter((path) => !/\.test\.tsx?$/.test(path));
  for (const path of [...paths.sort(), "package-lock.json"]) {
    hash.update(`${path}\n`).update(
      createHash("sha256")
        .update(readFileSync(join(root, path)))
        .digest(),
    );
  }
  return hash.digest("hex");
}

function listFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((item) => {
    if (notSource.has(item.name)) return [];
    const path = `${folder}/${item.name}`;
    if (item.isDirectory()) return listFiles(path);
    return item.isFile() ? [path] : [];
  });
}
