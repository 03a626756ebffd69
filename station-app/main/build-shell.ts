import { join } from "node:path";
import { build } from "vite";

const station = join(import.meta.dirname, "..");

/**
 * Main as one ES module and preload as one CommonJS file (a sandboxed preload can be nothing else), into
 * `station-app/dist`. Electron is the only thing left outside.
 */
export async function buildShell(outDir = join(station, "dist")): Promise<void> {
  await bundle(join(station, "main", "main.ts"), join(outDir, "main"), "es", "main.js");
  await bundle(join(station, "preload", "preload.ts"), join(outDir, "preload"), "cjs", "preload.cjs");
}

/** The screen; needed once before the shell or the headless engine can show it. */
export async function buildScreen(): Promise<void> {
  await build({ configFile: join(station, "renderer", "vite.config.ts"), logLevel: "warn" });
}

async function bundle(entry: string, outDir: string, format: "es" | "cjs", file: string): Promise<void> {
  await build({
    configFile: false,
    root: station,
    logLevel: "warn",
    ssr: { noExternal: true, external: ["electron"] },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: true,
      target: "node24",
      minify: false,
      rolldownOptions: { output: { format, entryFileNames: file, codeSplitting: false } },
    },
  });
}
