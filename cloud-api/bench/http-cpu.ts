import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { startChild, stopChild } from "@waystation/station-app/bench/child";
import { type Pair, printPairs } from "@waystation/station-app/bench/statistics";
import { startBenchCloud } from "./bench-cloud.ts";

/**
 * Processor time of the server's process per request that needs neither database nor keys (/livez): the cloud with its
 * request ids, a log line, measurements, headers and routing, against bare node:http with the same answer.
 */
const requestsPerRun = 6000;
const atOnce = 8;
const rounds = 5;
/** Linux counts a process's time in hundredths of a second. */
const ticksPerSecond = 100;

const cloud = await startBenchCloud("postgres", { WAYSTATION_CLOUD_LOG_LEVEL: "debug" });
const bare = await startChild([fileURLToPath(new URL("./bare-server-child.ts", import.meta.url))]);
try {
  const ours = { url: cloud.url, pid: cloud.pid };
  const least = { url: String(bare.ready.url), pid: bare.child.pid ?? 0 };
  for (const server of [ours, least]) await measure(server);
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round += 1)
    pairs.push({ value: await measure(ours), limit: await measure(least) });
  printPairs("http-cpu", "us", pairs, 2.5);
} finally {
  await stopChild(bare.child);
  await cloud.stop();
}

/** Microseconds of processor time per request. */
async function measure({ url, pid }: { readonly url: string; readonly pid: number }): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const before = readTicks(pid);
  let left = requestsPerRun;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await get(`${url}/livez`, agent);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  agent.destroy();
  return ((readTicks(pid) - before) / ticksPerSecond / requestsPerRun) * 1e6;
}

function get(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (response) => {
      response.resume();
      response.once("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`HTTP ${response.statusCode}`));
      });
    });
    sent.once("error", reject);
    sent.end();
  });
}

/** User and system time; proc(5), counted after the last bracket of the name. */
function readTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
