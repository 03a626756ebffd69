import { openEmbedded } from "./open-embedded.ts";

/** Child process of prepare-folder.ts: sets up an empty database in the folder given and ends. */
const folder = process.argv[2];
if (folder === undefined) throw new Error("no folder given");
process.stdin.once("end", () => process.exit(1)).resume();
const pglite = await openEmbedded(folder);
await pglite.close();
process.exit(0);
