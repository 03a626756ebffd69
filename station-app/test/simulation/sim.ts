/**
 * The simulator: `npm run sim -- --seed N --stations 5 --hours 24 [--rate PARCELS_PER_HOUR] [--json]`.
 * The product is loaded only after the ground under it has been replaced.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAgenda } from "./agenda.ts";
import { readSimArguments } from "./arguments.ts";
import { installPlatform, realMs } from "./platform.ts";

const startMs = Date.UTC(2030, 0, 7, 6);
const beganMs = realMs();
const cpu = process.cpuUsage();
const read = readSimArguments(process.argv.slice(2));
if ("text" in read) {
  process.stdout.write(`${read.text}\n`);
  process.exit(read.isError ? 2 : 0);
}
const { shrink, json, keep, ...options } = read;
const say = (line: string): void => void (json || process.stdout.write(`${line}\n`));
const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "waystation-sim-"));
// A second of the ten that a short run takes.
enableCompileCache(
  fileURLToPath(new URL("../../../node_modules/.cache/waystation/compiled", import.meta.url)),
);
const platform = installPlatform(createAgenda(startMs), options.seed);
try {
  const { run } = await import("./run.ts");
  const { describeResult } = await import("./describe.ts");
  const result = await run(platform, { ...options, dir: root });
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const speed = {
    seconds: Math.round((realMs() - beganMs) / 100) / 10,
    cpuSeconds: Math.round(cpuSeconds * 10) / 10,
    stationHoursPerCpuMinute: Math.round((result.stationHours / cpuSeconds) * 600) / 10,
  };
  for (const line of describeResult(result, options)) say(line);
  if (json) process.stdout.write(`${JSON.stringify({ ...result, ...speed })}\n`);
  else say(JSON.stringify(speed));
  process.exitCode = result.findings.length === 0 ? 0 : 1;
  if (result.findings.length > 0 && shrink) {
    rmSync(root, { recursive: true, force: true });
    const { shrinkSchedule } = await import("./shrink.ts");
    for (const line of shrinkSchedule(options, result, say)) process.stdout.write(`${line}\n`);
  }
} finally {
  if (keep) say(`kept: ${root}`);
  else rmSync(root, { recursive: true, force: true });
}
process.exit();
