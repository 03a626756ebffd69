import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findDefinition } from "../registry.ts";
import { startTwin } from "../twins/registry.ts";

/**
 * Resident memory of a process with twelve connected devices, one of each family that a station really has side by
 * side, against the same process with none. The twins live in this process.
 */
const models = [
  "mt-sics",
  "toledo-8217",
  "and-standard",
  "serial-aim",
  "cognex-dmcc",
  "keyence",
  "dws-delimited",
  "sick-mda",
  "zpl",
  "tspl",
  "modbus-sorter",
  "sorter-json",
] as const;
const runs = 3;
const settleMs = 3000;
const program = fileURLToPath(new URL("./hold-devices.ts", import.meta.url));

async function measure(bindings: readonly object[]): Promise<number> {
  const child = spawn(process.execPath, [program, JSON.stringify(bindings)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.stdin.end();
  await ended;
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const twins = await Promise.all(
  models.map(async (model) => {
    const family = findDefinition(model)?.familyName ?? model;
    const twin = await (startTwin(family, family === "mt-sics" ? { line: "tcp" } : {}) ?? null);
    if (twin === null) throw new Error(`no twin for ${family}`);
    return { model, twin };
  }),
);
const bindings = twins.map(({ model, twin }, number) => ({
  deviceId: `device-${number}`,
  model,
  connection: twin.connection,
}));
const [connected, empty]: [number[], number[]] = [[], []];
for (let run = 0; run < runs; run += 1) {
  connected.push(await measure(bindings));
  empty.push(await measure([]));
}
for (const { twin } of twins) await twin.stop();
const round = (value: number) => Math.round(value * 10) / 10;
const [value, limit] = [round(median(connected)), round(median(empty))];
const line = {
  name: "adapter-memory",
  value,
  unit: "MB",
  limit,
  ratio: Number((value / limit).toFixed(3)),
  runs,
};
process.stdout.write(`${JSON.stringify(line)}\n`);
process.exit(0);
