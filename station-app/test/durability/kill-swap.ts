import { followInFolder } from "../support/follow-scripted.ts";

/** A replica in a process of its own that dies at a named step of a swap. Argument: JSON of `dir`, `url`, `step`. */
const { dir, url, step } = JSON.parse(process.argv[2] ?? "{}") as { dir: string; url: string; step: string };
await followInFolder(url, {
  dir,
  onStep: (passed) => {
    if (passed === step) process.kill(process.pid, "SIGKILL");
  },
});
