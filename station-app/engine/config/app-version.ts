import manifest from "../../../package.json" with { type: "json" };

/** The product's version, recorded in the first fact of every boot. */
export const appVersion: string = manifest.version;
