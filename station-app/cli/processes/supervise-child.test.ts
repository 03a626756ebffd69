import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readProcessIdentity } from "./process-identity.ts";
import { type ChildEvent, type ChildSpec, type SupervisedChild, superviseChild } from "./supervise-child.ts";

let folder: string;
const started: SupervisedChild[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "supervise-"));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill();
    await child.stop();
  }
  rmSync(folder, { recursive: true });
});

const sayReady = `console.log(JSON.stringify({ event: "ready", pid: process.pid, arguments: process.argv.slice(2) }));`;
const obey = `process.on("SIGTERM", () => { console.log("goodbye"); process.exit(0); }); setInterval(() => {}, 1000);`;

function supervise(
  source: string,
  change: Partial<ChildSpec> = {},
): { child: SupervisedChild; events: ChildEvent[]; log: () => string } {
  const script = join(folder, "child.mjs");
  writeFileSync(script, source);
  const events: ChildEvent[] = [];
  const spec: ChildSpec = {
    name: "child",
    script,
    command: () => ({}),
    logPath: join(folder, "logs/child.log"),
    readyTimeoutMs: 10_000,
    stopTimeoutMs: 10_000,
    restart: { limit: 2, withinMs: 60_000, firstDelayMs: 1, longestDelayMs: 5 },
    ...change,
  };
  const child = superviseChild(spec, (event) => events.push(event));
  started.push(child);
  return { child, events, log: () => readFileSync(spec.logPath, "utf8") };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("waited 15 s in vain");
    await wait(5);
  }
}

const isGone = (pid: number) => readProcessIdentity(pid) === null;
const pidsOf = (events: readonly ChildEvent[]) =>
  events.flatMap((event) => (event.kind === "ready" ? [event.pid] : []));

test("a child gets Node's options before its script, and its arguments behind it", async () => {
  const { child } = supervise(
    `console.log(JSON.stringify({ event: "ready", options: process.execArgv, arguments: process.argv.slice(2) }));${obey}`,
    { command: () => ({ execArgv: ["--max-semi-space-size=3"], args: ["--max-semi-space-size=5"] }) },
  );
  expect(await child.start()).toMatchObject({
    ok: true,
    value: { options: ["--max-semi-space-size=3"], arguments: ["--max-semi-space-size=5"] },
  });
});

test("a child that says ready is started, and stops when asked", async () => {
  const { child, events, log } = supervise(`${obey} ${sayReady}`, { command: () => ({ args: ["a", "b"] }) });
  const ready = await child.start();
  expect(ready).toMatchObject({ ok: true, value: { event: "ready", arguments: ["a", "b"] } });
  const pid = child.pid() ?? 0;
  expect(isGone(pid)).toBe(false);
  await child.stop();
  expect(isGone(pid)).toBe(true);
  expect(child.pid()).toBeNull();
  expect(events.map((event) => event.kind)).toEqual(["ready"]);
  expect(log()).toMatch(/out goodbye\n.*ended: exit code 0/);
});

test("the ready line may carry tokens and is kept out of the log", async () => {
  const { child, log } = supervise(
    `${obey} console.log(JSON.stringify({event:"ready",token:"very-secret"}));`,
  );
  expect(await child.start()).toMatchObject({ ok: true, value: { token: "very-secret" } });
  await child.stop();
  expect(log()).not.toContain("very-secret");
});

test("a child that never says ready is ended and named", async () => {
  const { child, events } = supervise(`console.log("hello"); setInterval(() => {}, 1000);`, {
    readyTimeoutMs: 300,
  });
  const ready = await child.start();
  expect(ready).toMatchObject({
    ok: false,
    failure: {
      code: "process.not-started",
      details: { name: "child", reason: "it was not ready after 0.3 s" },
    },
  });
  expect(child.pid()).toBeNull();
  expect(events).toEqual([]);
});

test("a child that ends before it is ready: its exit code, or the failure it named", async () => {
  const silent = supervise("process.exit(3);");
  expect(await silent.child.start()).toMatchObject({
    ok: false,
    failure: { code: "process.not-started", details: { reason: "exit code 3" } },
  });

  const failure = { code: "port.in-use", details: { port: 1, option: "--port" } };
  const named = supervise(
    `console.log(JSON.stringify({event:"failed",failure:${JSON.stringify(failure)}})); process.exitCode = 1;`,
  );
  expect(await named.child.start()).toEqual({ ok: false, failure });

  const nonsense = supervise(
    `console.log(JSON.stringify({event:"failed",failure:{code:"no.such"}})); process.exitCode = 1;`,
  );
  expect(await nonsense.child.start()).toMatchObject({ ok: false, failure: { code: "process.not-started" } });
});

test("a script that is not there is a failure, not an exception", async () => {
  const { child } = supervise("", { script: "/nowhere/child.ts" });
  expect(await child.start()).toMatchObject({ ok: false, failure: { code: "process.not-started" } });
});

test("a child that dies is started again and learns its last ready message", async () => {
  const { child, events } = supervise(`${obey} ${sayReady}`, {
    command: (last) => ({ args: [`last=${last?.pid ?? "none"}`] }),
  });
  await child.start();
  const first = child.pid() ?? 0;
  process.kill(first, "SIGKILL");
  await until(() => pidsOf(events).length === 2);
  expect(events.map((event) => event.kind)).toEqual(["ready", "ended", "ready"]);
  expect(events[1]).toMatchObject({ reason: "signal SIGKILL", restartInMs: 1 });
  expect(events[2]).toMatchObject({ message: { arguments: [`last=${first}`] } });
  expect(child.pid()).not.toBe(first);
});

test("a child that keeps dying is given up after the limit, with longer pauses up to the longest", async () => {
  const { child, events } = supervise(`${sayReady} setTimeout(() => process.exit(7), 1);`, {
    restart: { limit: 4, withinMs: 60_000, firstDelayMs: 1, longestDelayMs: 5 },
  });
  await child.start();
  await until(() => events.some((event) => event.kind === "gave-up"));
  expect(events.flatMap((event) => (event.kind === "ended" ? [event.restartInMs] : []))).toEqual([
    1, 2, 4, 5,
  ]);
  expect(events.at(-1)).toMatchObject({
    kind: "gave-up",
    failure: { code: "process.gave-up", details: { count: 5, reason: "exit code 7" } },
  });
  expect(child.pid()).toBeNull();
});

test("a restart that does not get ready counts as an end too", async () => {
  const { child, events } = supervise(
    `import { existsSync, writeFileSync } from "node:fs";
     const mark = process.argv[1] + ".once";
     if (existsSync(mark)) process.exit(9);
     writeFileSync(mark, "");
     ${sayReady} setTimeout(() => process.exit(7), 1);`,
  );
  await child.start();
  await until(() => events.some((event) => event.kind === "gave-up"));
  expect(events.flatMap((event) => (event.kind === "ended" ? [event.reason] : []))).toEqual([
    "exit code 7",
    "exit code 9",
  ]);
});

test("without a restart policy the first end is final", async () => {
  const { child, events } = supervise(`${sayReady} setTimeout(() => process.exit(7), 1);`, { restart: null });
  await child.start();
  await until(() => events.length === 2);
  expect(events[1]).toMatchObject({
    kind: "gave-up",
    failure: { details: { count: 1, reason: "exit code 7" } },
  });
});

test("a child deaf to the request is killed after the deadline, with what it started", async () => {
  const { child, log } = supervise(
    `import { spawn } from "node:child_process";
     const grandchild = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
     process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);
     console.log(JSON.stringify({ event: "ready", grandchild: grandchild.pid }));`,
    { stopTimeoutMs: 200 },
  );
  const ready = await child.start();
  const grandchild = ready.ok ? Number(ready.value.grandchild) : 0;
  expect(isGone(grandchild)).toBe(false);
  await child.stop();
  expect(log()).toContain("did not stop within 200 ms");
  await until(() => isGone(grandchild));
});

test("stopping during the pause before a restart leaves nothing behind", async () => {
  const { child, events } = supervise(`${sayReady} setTimeout(() => process.exit(7), 1);`, {
    restart: { limit: 5, withinMs: 60_000, firstDelayMs: 60_000, longestDelayMs: 60_000 },
  });
  await child.start();
  await until(() => events.some((event) => event.kind === "ended"));
  await child.stop();
  await child.stop();
  expect(pidsOf(events)).toHaveLength(1);
  expect(child.pid()).toBeNull();
});

test("stopping while it starts makes the start fail and leaves nothing behind", async () => {
  const { child } = supervise("setInterval(() => {}, 1000);");
  const starting = child.start();
  await child.stop();
  expect(await starting).toMatchObject({ ok: false, failure: { code: "process.not-started" } });
  expect(child.pid()).toBeNull();
});

test("commands go to stdin as lines, and answers and junk come back as messages and log lines", async () => {
  const { child, events, log } = supervise(
    `import { createInterface } from "node:readline";
     console.log("plain words"); console.log("{broken"); console.log('{"noEvent":1}'); console.error("complaint");
     ${sayReady}
     createInterface({ input: process.stdin }).on("line", (line) => console.log(JSON.stringify({ event: "heard", command: JSON.parse(line) })));`,
  );
  await child.start();
  expect(child.send({ command: "load", weightGrams: 500 })).toBe(true);
  await until(() => events.some((event) => event.kind === "message"));
  expect(events.at(-1)).toEqual({
    kind: "message",
    message: { event: "heard", command: { command: "load", weightGrams: 500 } },
  });
  // Its stdin is its reason to live: this child has no handler and no timer.
  await child.stop();
  expect(child.send({ command: "late" })).toBe(false);
  for (const words of ["out plain words", "out {broken", 'out {"noEvent":1}', "err complaint"])
    expect(log()).toContain(words);
});

test("a child that pours out bytes without a line end cannot fill the memory or the disk", async () => {
  const { child, events } = supervise(
    `${sayReady} process.stdout.write("x".repeat(16 * 1024 * 1024), () => process.exit(0));`,
    { restart: null },
  );
  await child.start();
  await until(() => events.some((event) => event.kind === "gave-up"));
  await child.stop();
  const files = ["child.log", "child.log.1", "child.log.2", "child.log.3"].map((name) =>
    join(folder, "logs", name),
  );
  expect(files.map((path) => existsSync(path))).toEqual([true, true, true, false]);
  for (const path of files.slice(0, 3))
    expect(readFileSync(path).length).toBeLessThanOrEqual(4 * 1024 * 1024);
});

/** A supervisor as a process of its own, so that it can be killed. */
const supervisor = (log: string, script: string) => `
  import { superviseChild } from ${JSON.stringify(new URL("supervise-child.ts", import.meta.url).href)};
  const child = superviseChild(
    { name: "child", script: ${JSON.stringify(script)}, command: () => ({}), endWithParent: true, logPath: ${JSON.stringify(log)},
      readyTimeoutMs: 10000, stopTimeoutMs: 10000, restart: null },
    () => {},
  );
  const ready = await child.start();
  console.log(JSON.stringify({ event: "ready", child: ready.value.pid }));`;

test.each([
  ["with a handler", `${obey} ${sayReady}`],
  ["without a handler", `setInterval(() => {}, 1000); ${sayReady}`],
])("a child %s ends when its supervisor is killed", async (_, source) => {
  const script = join(folder, "grandchild.mjs");
  writeFileSync(script, source);
  const { child } = supervise(supervisor(join(folder, "grandchild.log"), script), { restart: null });
  const ready = await child.start();
  const grandchild = ready.ok ? Number(ready.value.child) : 0;
  expect(isGone(grandchild)).toBe(false);
  process.kill(child.pid() ?? 0, "SIGKILL");
  await until(() => isGone(grandchild));
});

test("worker threads and grandchildren of a child that ends with its supervisor go their own way", async () => {
  const { child, events } = supervise(
    `import { fork } from "node:child_process";
     import { isMainThread, Worker } from "node:worker_threads";
     if (!isMainThread || process.argv[2] === "grandchild") setTimeout(() => process.exit(5), 100);
     else {
       const worker = new Worker(process.argv[1]);
       const grandchild = fork(process.argv[1], ["grandchild"], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
       const codes = await Promise.all([worker, grandchild].map((one) => new Promise((resolve) => one.on("exit", resolve))));
       console.log(JSON.stringify({ event: "ready", codes }));
     }`,
    { endWithParent: true, restart: null },
  );
  expect(await child.start()).toMatchObject({ ok: true, value: { codes: [5, 5] } });
  await until(() => events.some((event) => event.kind === "gave-up"));
});

test("a child that has nothing more to do ends although it watches its supervisor", async () => {
  const { child, events } = supervise(sayReady, { endWithParent: true, restart: null });
  await child.start();
  await until(() => events.some((event) => event.kind === "gave-up"));
  expect(events.at(-1)).toMatchObject({ failure: { details: { reason: "exit code 0" } } });
});
