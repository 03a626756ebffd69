import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

/**
 * `npm run bench [-- --only NAME]`: every benchmark in a process of its own, one JSON line per measurement on
 * stdout. A missed goal is said on stderr; only a benchmark that breaks makes this end with a failure.
 */
const benchmarks: readonly {
  readonly file: string;
  readonly names: readonly string[];
  readonly folder: "orders" | "none";
}[] = [
  {
    file: "hot-path.ts",
    names: ["hot-path-p50", "hot-path-p99", "hot-path-three-devices-p50", "hot-path-three-devices-p99"],
    folder: "none",
  },
  { file: "loop-delay.ts", names: ["loop-delay-p99"], folder: "none" },
  { file: "order-lookup.ts", names: ["order-lookup"], folder: "orders" },
  { file: "big-station.ts", names: ["start-to-first-scan", "engine-memory"], folder: "orders" },
  { file: "cloud-memory.ts", names: ["cloud-memory"], folder: "none" },
  { file: "first-sync.ts", names: ["first-sync"], folder: "none" },
  { file: "write-to-station.ts", names: ["write-to-station"], folder: "none" },
  {
    file: "../../cloud-api/bench/ingest.ts",
    names: ["ingest-postgres", "ingest-pglite"],
    folder: "none",
  },
  { file: "../../cloud-api/bench/http-cpu.ts", names: ["http-cpu"], folder: "none" },
  { file: "../../cloud-api/bench/fan-out.ts", names: ["fan-out"], folder: "none" },
  { file: "../../cloud-api/bench/many-stations.ts", names: ["many-stations"], folder: "none" },
  { file: "drain.ts", names: ["drain"], folder: "none" },
  { file: "label.ts", names: ["label"], folder: "none" },
  { file: "sim-speed.ts", names: ["sim-speed"], folder: "none" },
  { file: "line-rate.ts", names: ["line-rate"], folder: "none" },
  { file: "../../drivers/bench/decode.ts", names: ["decode"], folder: "none" },
  { file: "../../drivers/bench/adapter-memory.ts", names: ["adapter-memory"], folder: "none" },
];

const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
const chosen = benchmarks.filter(
  ({ names }) =>
    only === undefined ||
    names.some((name) => name.startsWith(only) || only.startsWith(`${name}-`) || only.startsWith(`${name}.`)),
);
if (chosen.length === 0) {
  process.stderr.write(
    `There is no benchmark ${only}. There are: ${benchmarks.flatMap(({ names }) => names).join(", ")}\n`,
  );
  process.exit(2);
}

// A million orders are written once, by the first benchmark that wants them.
const ordersDir = mkdtempSync(join(tmpdir(), "waystation-bench-"));
try {
  for (const { file, folder } of chosen) await run(file, folder === "orders" ? [ordersDir] : []);
} finally {
  rmSync(ordersDir, { recursive: true, force: true });
}

function run(file: string, argv: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...argv], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      if (code !== 0) {
        process.stderr.write(`${file} broke (${signal ?? code})\n`);
        process.exitCode = 1;
      }
      resolve();
    });
  });
}
