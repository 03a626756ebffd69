/**
 * A station has little memory and a day without a pause: garbage is collected early rather than left to grow with
 * the machine, and short collections disturb less. What a thread really holds is some twenty megabytes.
 */
export const threadMemory = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 } as const;

/** The same for the main thread, whose limits can only be given when the process starts: `NODE_OPTIONS` of the engine. */
export const engineNodeOptions = "--max-semi-space-size=4 --max-old-space-size=192";
