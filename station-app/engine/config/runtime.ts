import { join } from "node:path";

/**
 * A station has little memory and a day without a pause: garbage is collected early rather than left to grow with
 * the machine, and short collections disturb less. What a thread really holds is some twenty megabytes.
 */
export const threadMemory = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 } as const;

/**
 * What the engine's process is started with: the same limits for its main thread, and compiled code kept from start
 * to start, which halves the time to the first scan.
 */
export const engineEnvironment = (dataDir: string) => ({
  NODE_OPTIONS: "--max-semi-space-size=4 --max-old-space-size=192",
  NODE_COMPILE_CACHE: join(dataDir, "compile-cache"),
});
