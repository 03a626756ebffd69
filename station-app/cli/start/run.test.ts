import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readProcessIdentity } from "../processes/process-identity.ts";

/** One real start of everything, looked at and disturbed from outside; then its end. */

const command = join(import.meta.dirname, "../waystation.ts");
const startTimeoutMs = 120_000;
let folder: string;
let data: string;
let station: ChildProcess;
let said = "";

function launch(...args: string[]): ChildProcess {
  return spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = launch(...args);
  const texts = { out: "", err: "" };
  child.stdout?.on("data", (text) => (texts.out += text));
  child.stderr?.on("data", (text) => (texts.err += text));
  const [code] = await once(child, "close");
  return { code, ...texts };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(`waited in vain for ${what}; the station said: ${said}`);
    await wait(50);
  }
}

type Shown = { pid: number; started: { name: string; pid: number }[]; urls: Record<string, string> };
async function status(): Promise<Shown> {
  const { code, out, err } = await run("status", "--data", data, "--json");
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "start-"));
  data = join(folder, "data");
  station = launch("start", "--data", data, "--port", "0", "--cloud-port", "0", "--rate", "60", "--json");
  station.stdout?.on("data", (text) => (said += text));
  station.stderr?.on("data", (text) => (said += text));
  await until(() => said.includes('"event":"ready"') || station.exitCode !== null, "the ready line");
}, startTimeoutMs);

afterAll(async () => {
  if (station.exitCode === null && station.signalCode === null) {
    station.kill("SIGTERM");
    await once(station, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}, startTimeoutMs);

test(
  "status knows the processes, the lanes and the devices; tokens stay out of the logs",
  async () => {
    const shown = await status();
    expect(shown.pid).toBe(station.pid);
    const names = shown.started.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["cloud", "engine", "belt-gate", "belt-sorter", "printer"]));
    expect(shown).toMatchObject({ view: { lanes: [{ laneId: "belt" }, { laneId: "bench" }] } });
    const { tokens } = JSON.parse(readFileSync(join(data, "run.json"), "utf8"));
    for (const name of names) {
      const log = readFileSync(join(data, "logs", `${name}.log`), "utf8");
      for (const token of Object.values<string>(tokens)) expect(log).not.toContain(token);
    }
  },
  startTimeoutMs,
);

test(
  "a second start on the same folder is refused with one sentence and disturbs nothing",
  async () => {
    const second = await run("start", "--data", data, "--port", "0", "--cloud-port", "0", "--fresh");
    expect(second).toEqual({
      code: 1,
      out: "",
      err: `The data folder ${data} is already used by process ${station.pid}.\n`,
    });
    expect((await status()).pid).toBe(station.pid);
  },
  startTimeoutMs,
);

test("the address of the cloud's page opens it without an account", async () => {
  const [, origin, token] = /"cloudPage":"(http[^"]+)\/#token=([^"]+)"/.exec(said) ?? [];
  const ask = (headers: Record<string, string>) => fetch(`${origin}/v1/console/orders`, { headers });
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200);
});

test.each(["--port", "--cloud-port"])(
  "a port in use is one sentence that names %s, and nothing is made",
  async (option) => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const other = option === "--port" ? "--cloud-port" : "--port";
    const elsewhere = join(folder, "elsewhere");
    const { code, err } = await run("start", "--data", elsewhere, option, String(port), other, "0");
    server.close();
    expect({ code, err }).toEqual({
      code: 1,
      err: `Port ${port} is already in use. Stop the other program or choose another with ${option}.\n`,
    });
    expect(existsSync(elsewhere)).toBe(false);
  },
);

test(
  "an engine that is killed comes back under the same address",
  async () => {
    const before = await status();
    const engine = before.started.find(({ name }) => name === "engine");
    process.kill(engine?.pid ?? 0, "SIGKILL");
    await until(
      () => said.includes("engine ended (signal SIGKILL); starting it again."),
      "the word about the engine",
    );
    let after: Shown | null = null;
    const deadline = performance.now() + startTimeoutMs;
    while (after === null && performance.now() < deadline) after = await status().catch(() => null);
    expect(after?.urls).toEqual(before.urls);
    expect(after?.started.find(({ name }) => name === "engine")?.pid).not.toBe(engine?.pid);
  },
  startTimeoutMs,
);

test(
  "SIGTERM ends everything in order: exit code 0, no process, no run file, the log whole",
  async () => {
    const { started } = await status();
    const ended = once(station, "exit");
    station.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(started.filter(({ pid }) => readProcessIdentity(pid) !== null)).toEqual([]);
    expect(existsSync(join(data, "run.json"))).toBe(false);
    for (const { name } of started) {
      expect(readFileSync(join(data, "logs", `${name}.log`), "utf8")).toMatch(/ended: exit code 0\n$/);
    }
    expect(await run("facts", "verify", "--data", data, "--json")).toMatchObject({ code: 0 });
  },
  startTimeoutMs,
);
