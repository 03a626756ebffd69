import { isMainThread } from "node:worker_threads";

/**
 * Loaded before a child's own script (`--import`): when the supervisor is gone, however it went, its end of this
 * pipe closes and the child stops as if it had been asked to. Not for children that read their stdin themselves.
 */
const lastWordsMs = 10_000;

// Worker threads and grandchildren inherit the flag, but not this pipe.
if (isMainThread && process.env.WAYSTATION_SUPERVISOR === String(process.ppid)) {
  process.stdin.on("error", () => {});
  process.stdin.once("end", () => {
    setTimeout(() => process.exit(1), lastWordsMs).unref();
    if (!process.emit("SIGTERM")) process.exit(0);
  });
  process.stdin.resume();
  // Waiting for the end must not keep a child alive that has nothing else to do.
  process.stdin.unref();
}
