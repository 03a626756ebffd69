import { homedir } from "node:os";
import { join } from "node:path";

/** The only thing that outlives a run: the kernel that was downloaded. */
export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "waystation", "hardware-rig");
