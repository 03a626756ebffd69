import { setFlagsFromString } from "node:v8";
import { PGlite } from "@electric-sql/pglite";

/**
 * Measured on Node 24 while 20,000 rows went in: with the optimising WASM compiler the process peaked at
 * 740 MB, with the baseline compiler alone at 240 MB, and the work took the same time. The peak is the
 * compiler itself working on PostgreSQL's largest functions. The flags count for the whole process and must
 * be set before the module is compiled.
 */
function keepCompilerSmall(): void {
  setFlagsFromString("--no-wasm-tier-up");
  setFlagsFromString("--no-wasm-dynamic-tiering");
}

/** 128 MB of shared buffers and 1 GB of WAL are the defaults, too much for a small site. */
const settings = ["shared_buffers=16MB", "max_wal_size=64MB", "min_wal_size=32MB"];

const boolean = 16;
const bytea = 17;

/**
 * A text for a value of these types goes to the database as it is, as to any PostgreSQL, and is judged there; the
 * library's own way is an exception that looks like trouble with the database.
 */
const serializers = {
  [boolean]: (value: unknown): string => (typeof value === "string" ? value : value === true ? "t" : "f"),
  [bytea]: (value: unknown): string =>
    typeof value === "string" ? value : `\\x${Buffer.from(value as Uint8Array).toString("hex")}`,
};

export async function openEmbedded(folder: string): Promise<PGlite> {
  keepCompilerSmall();
  const startParams = [...PGlite.defaultStartParams, ...settings.flatMap((setting) => ["-c", setting])];
  return PGlite.create({ startParams, dataDir: folder, serializers });
}
