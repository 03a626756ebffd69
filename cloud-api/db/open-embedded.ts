import { readFile } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import { keepCompilerSmall } from "./wasm-tiers.ts";

/**
 * 128 MB of shared buffers and 1 GB of WAL are the defaults, too much for a small site. A new piece of WAL need not be
 * filled with zeros first: all of it would be written twice.
 */
const settings = ["shared_buffers=16MB", "max_wal_size=64MB", "min_wal_size=32MB", "wal_init_zero=off"];

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

let compiled: Promise<WebAssembly.Module | null> | null = null;

/** Once for the process: a second database begins with the code that was optimised for the first. */
const compile = (): Promise<WebAssembly.Module | null> =>
  (compiled ??= readFile(new URL("pglite.wasm", import.meta.resolve("@electric-sql/pglite")))
    .then((bytes) => WebAssembly.compile(bytes))
    // In a bundle it lies elsewhere, and the library knows where.
    .catch(() => null));

export async function openEmbedded(folder: string): Promise<PGlite> {
  const startParams = [...PGlite.defaultStartParams, ...settings.flatMap((setting) => ["-c", setting])];
  const pgliteWasmModule = await compile();
  const code = pgliteWasmModule === null ? {} : { pgliteWasmModule };
  const pglite = new PGlite({ startParams, dataDir: folder, serializers, ...code });
  keepCompilerSmall(pglite);
  await pglite.waitReady;
  return pglite;
}
