import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Result } from "@waystation/shared/failures/result";
import { readStatus, type StationStatus } from "../cli/ask-station.ts";
import { type BenchStation, pause, startBenchStation } from "./bench-station.ts";
import { waybillOf, writeOrderFile } from "./order-file.ts";
import { printAgainstGoal, printValue } from "./statistics.ts";
import { withFolder } from "./with-folder.ts";

/**
 * How late the edge's event loop runs while parcels do and every fsync of the engine takes 100 ms longer; beside it
 * the same engine without the delay, which shows what the machine itself adds.
 */
const runs = 3;
const parcelsPerRun = 25;
const token = "bench-token-of-this-launch";
const screen = { screen: { port: 0, token, staticDir: "." } };

await withFolder(async (dir) => {
  const library = join(dir, "slow-sync.so");
  execFileSync(
    "gcc",
    [
      "-shared",
      "-fPIC",
      "-O1",
      "-o",
      library,
      fileURLToPath(new URL("./slow-sync.c", import.meta.url)),
      "-ldl",
    ],
    { stdio: "inherit" },
  );
  const delayed = await startIn(join(dir, "delayed"), { LD_PRELOAD: library });
  const plain = await startIn(join(dir, "plain"), {});
  const slow: number[] = [];
  const usual: number[] = [];
  let parcel = 0;
  for (let run = 0; run < runs; run += 1) {
    await readDelays(delayed);
    await readDelays(plain);
    for (const last = parcel + parcelsPerRun; parcel < last; ) {
      parcel += 1;
      const [elapsedMs] = await Promise.all([runParcel(delayed, parcel), runParcel(plain, parcel)]);
      if (elapsedMs < 100) throw new Error("the syncs of the delayed engine were not delayed");
    }
    slow.push((await readDelays(delayed)).p99);
    usual.push((await readDelays(plain)).p99);
  }
  await delayed.stop();
  await plain.stop();
  printAgainstGoal("loop-delay-p99", "ms", slow, 5);
  printValue("loop-delay-p99-without-slow-syncs", "ms", usual);
});

function startIn(dir: string, env: NodeJS.ProcessEnv): Promise<BenchStation> {
  mkdirSync(dir, { recursive: true });
  writeOrderFile(dir, runs * parcelsPerRun);
  return startBenchStation(dir, { env, config: screen });
}

async function runParcel(station: BenchStation, index: number): Promise<number> {
  await station.induct(index);
  // Its induction is still being synced when the telegram comes: the edge must not notice.
  await pause(20);
  return station.measure(index, waybillOf(index));
}

/** Since they were last asked for. */
async function readDelays(station: BenchStation): Promise<NonNullable<StationStatus["edgeLoopDelayMs"]>> {
  const status: Result<StationStatus> = await readStatus({ url: String(station.url), token });
  if (!status.ok || status.value.edgeLoopDelayMs === undefined)
    throw new Error("the station does not say how late its loop runs");
  return status.value.edgeLoopDelayMs;
}
