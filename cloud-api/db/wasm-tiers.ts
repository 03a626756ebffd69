import { setFlagsFromString } from "node:v8";
import type { PGlite } from "@electric-sql/pglite";

/** An empty query: all it takes is the parser. */
const emptyQuery = new Uint8Array([81, 0, 0, 0, 5, 0]);

/** Filters are numbers of functions: of one that there is not, so none, and of every one. */
const tierUpNone = "--wasm-tier-up-filter=2147483647";
const tierUpAll = "--wasm-tier-up-filter=-1";

/**
 * Optimised, the embedded database does its work in about half the time. One of its functions must not be optimised:
 * PostgreSQL's grammar, for which the compiler takes 600 MB, fifteen times as much as for any other. Whether a function
 * may ever be optimised is settled when it first runs. So an empty query, slipped in before the library's own first
 * one, runs the parser while none may, and everything else comes after it or was there before.
 */
export function keepCompilerSmall(pglite: PGlite): void {
  // One function at a time: two large ones would take their memory together.
  setFlagsFromString("--wasm-num-compilation-tasks=1");
  const exec = pglite.execProtocolRawSync.bind(pglite);
  pglite.execProtocolRawSync = (message) => {
    pglite.execProtocolRawSync = exec;
    setFlagsFromString(tierUpNone);
    try {
      exec(emptyQuery);
    } finally {
      setFlagsFromString(tierUpAll);
    }
    return exec(message);
  };
}
