import { join } from "node:path";

/**
 * A station has little memory and a day without a pause: garbage is collected early rather than left to grow with
 * the machine, and short collections disturb less. What a thread really holds is some twenty megabytes.
 */
export const threadMemory = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 } as const;

/**
 * What goes before the engine's script on Node's command line. Most functions of a station run once per parcel, so
 * V8's usual counts (400 calls, 3,000 for its best compiler) let it compile all morning, and a compiler at work takes
 * the processor of the thread a parcel waits for. Counted sooner, it is done within the first hundred parcels.
 * Only flags of the Node that this product brings: another one might refuse to start with them.
 */
export const engineExecArgv: readonly string[] = process.versions.node.startsWith("24.")
  ? [
      "--invocation-count-for-maglev=50",
      "--invocation-count-for-turbofan=100",
      "--minimum-invocations-after-ic-update=50",
    ]
  : [];

/**
 * The environment of the engine's process: the same limits for its main thread, and compiled code kept from start
 * to start, which halves the time to the first scan.
 */
export const engineEnvironment = (dataDir: string) => ({
  NODE_OPTIONS: "--max-semi-space-size=4 --max-old-space-size=192",
  NODE_COMPILE_CACHE: join(dataDir, "compile-cache"),
});
