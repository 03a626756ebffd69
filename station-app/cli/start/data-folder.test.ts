import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readProcessIdentity } from "../processes/process-identity.ts";
import { readRunningState } from "../processes/run-file.ts";
import { openDataFolder } from "./data-folder.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "data-folder-")), "data");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

async function open(fresh = false) {
  const opened = await openDataFolder(folder, { fresh });
  if (!opened.ok) throw new Error(opened.failure.code);
  return opened.value;
}

test("a new folder is made, marked and claimed; its run file is for its owner alone", async () => {
  const data = await open();
  expect(readdirSync(folder).sort()).toEqual([
    "cloud",
    "logs",
    "run.json",
    "station",
    "waystation-data.json",
  ]);
  expect(statSync(join(folder, "run.json")).mode & 0o777).toBe(0o600);
  data.runFile.update({ urls: { station: "http://127.0.0.1:1/" }, tokens: { station: "secret" } });
  expect(statSync(join(folder, "run.json")).mode & 0o777).toBe(0o600);
  expect(readRunningState(folder)).toMatchObject({
    pid: process.pid,
    urls: { station: "http://127.0.0.1:1/" },
  });
  data.runFile.remove();
  expect(readRunningState(folder)).toBeNull();
  expect(readdirSync(folder)).not.toContain("run.json");
});

test("a folder in use is refused, --fresh or not, and keeps everything", async () => {
  await open();
  writeFileSync(join(folder, "station/facts.db"), "precious");
  for (const fresh of [false, true]) {
    expect(await openDataFolder(folder, { fresh })).toMatchObject({
      ok: false,
      failure: { code: "data.in-use", details: { path: folder, pid: process.pid } },
    });
  }
  expect(readFileSync(join(folder, "station/facts.db"), "utf8")).toBe("precious");
});

test("a folder with somebody else's files is refused and untouched", async () => {
  mkdirSync(join(folder, "station"), { recursive: true });
  writeFileSync(join(folder, "station/holiday.jpg"), "mine");
  for (const fresh of [false, true]) {
    expect(await openDataFolder(folder, { fresh })).toMatchObject({
      ok: false,
      failure: { code: "data.not-ours" },
    });
  }
  expect(readdirSync(folder)).toEqual(["station"]);
  expect(existsSync(join(folder, "station/holiday.jpg"))).toBe(true);
});

test("a file in the place of the folder is refused", async () => {
  writeFileSync(folder, "a file");
  expect(await openDataFolder(folder, { fresh: true })).toMatchObject({
    ok: false,
    failure: { code: "data.not-ours" },
  });
  expect(readFileSync(folder, "utf8")).toBe("a file");
});

test("data stays from start to start; --fresh deletes what we made and nothing else", async () => {
  (await open()).runFile.remove();
  writeFileSync(join(folder, "station/facts.db"), "facts");
  writeFileSync(join(folder, "notes.txt"), "notes");
  (await open()).runFile.remove();
  expect(existsSync(join(folder, "station/facts.db"))).toBe(true);
  (await open(true)).runFile.remove();
  expect(existsSync(join(folder, "station/facts.db"))).toBe(false);
  expect(readFileSync(join(folder, "notes.txt"), "utf8")).toBe("notes");
});

test("a run file of a process number that now is somebody else's does not lock the folder, nor harm them", async () => {
  (await open()).runFile.remove();
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(stranger, "spawn");
  const pid = stranger.pid ?? 0;
  const known = { name: "engine", pid, identity: "another boot 1" };
  const state = {
    version: 1,
    ...known,
    startedAt: "2026-01-01T00:00:00Z",
    processes: [known],
    urls: {},
    tokens: {},
  };
  writeFileSync(join(folder, "run.json"), JSON.stringify({ ...state, name: undefined }));
  const data = await open();
  expect(readRunningState(folder)?.pid).toBe(process.pid);
  expect(readProcessIdentity(pid)).not.toBeNull();
  data.runFile.remove();
  stranger.kill();
});

test("what a killed supervisor left running is ended before the folder is taken", async () => {
  (await open()).runFile.remove();
  const leftover = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(leftover, "spawn");
  const pid = leftover.pid ?? 0;
  const identity = readProcessIdentity(pid);
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const state = {
    version: 1,
    pid: dead,
    identity: "gone",
    startedAt: "2026-01-01T00:00:00Z",
    processes: [{ name: "engine", pid, identity }],
    urls: {},
    tokens: {},
  };
  writeFileSync(join(folder, "run.json"), JSON.stringify(state));
  const ended = once(leftover, "exit");
  const data = await open();
  await ended;
  expect(readProcessIdentity(pid)).toBeNull();
  data.runFile.remove();
});

test("a torn run file locks nobody out", async () => {
  (await open()).runFile.remove();
  writeFileSync(join(folder, "run.json"), `{"version":1,"pi`);
  (await open()).runFile.remove();
});

test("of many that start at once exactly one gets the folder", async () => {
  (await open()).runFile.remove();
  writeFileSync(join(folder, "run.json"), "stale");
  const script = join(folder, "../claim.mjs");
  writeFileSync(
    script,
    `import { openDataFolder } from ${JSON.stringify(new URL("data-folder.ts", import.meta.url).href)};
     const opened = await openDataFolder(${JSON.stringify(folder)}, { fresh: false });
     console.log(opened.ok ? "got it" : opened.failure.code);
     process.stdin.resume();`,
  );
  const rivals = Array.from({ length: 5 }, () => spawn(process.execPath, [script]));
  const words = rivals.map(() => "");
  for (const [index, rival] of rivals.entries())
    rival.stdout.on("data", (text) => {
      words[index] += String(text);
    });
  const deadline = performance.now() + 15_000;
  while (words.includes("") && performance.now() < deadline) await wait(10);
  for (const rival of rivals) rival.stdin.end();
  await Promise.all(rivals.map(async (rival) => rival.exitCode ?? (await once(rival, "exit"))));
  expect(words.map((word) => word.trim()).sort()).toEqual([...Array(4).fill("data.in-use"), "got it"]);
});
