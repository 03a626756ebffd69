import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ChildFamily, createFamily } from "./child-family.ts";
import { readProcessIdentity } from "./process-identity.ts";
import type { ChildSpec } from "./supervise-child.ts";

let folder: string;
let family: ChildFamily;
let changes: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "family-"));
  changes = 0;
  family = createFamily(() => {
    changes += 1;
  });
});
afterEach(async () => {
  family.kill();
  await family.stop([]);
  rmSync(folder, { recursive: true });
});

/** Writes its name to a common file when it is asked to stop. */
const member = (name: string): ChildSpec => {
  const script = join(folder, "member.mjs");
  const source = `
    import { appendFileSync } from "node:fs";
    const [name, diary] = process.argv.slice(2);
    process.on("SIGTERM", () => { appendFileSync(diary, name + "\\n"); process.exit(0); });
    process.stdin.on("data", (line) => console.log(JSON.stringify({ event: "heard", line: String(line) })));
    console.log(JSON.stringify({ event: "ready" }));`;
  writeFileSync(script, source);
  return {
    name,
    script,
    command: () => ({ args: [name, join(folder, "diary")] }),
    logPath: join(folder, `${name}.log`),
    readyTimeoutMs: 20_000,
    stopTimeoutMs: 20_000,
    restart: null,
  };
};

test("groups stop one after the other in the given order, whatever the order of their start", async () => {
  for (const [name, group] of [
    ["cloud", "cloud"],
    ["scale", "twins"],
    ["engine", "engine"],
    ["other", "unnamed"],
  ] as const) {
    expect(await family.start(member(name), group)).toMatchObject({ ok: true });
  }
  const running = family.running();
  expect(running.map(({ name }) => name)).toEqual(["cloud", "scale", "engine", "other"]);
  expect(running.every(({ pid, identity }) => readProcessIdentity(pid) === identity)).toBe(true);
  expect(changes).toBe(4);
  await family.stop(["engine", "cloud", "twins"]);
  expect(readFileSync(join(folder, "diary"), "utf8")).toBe("engine\ncloud\nscale\nother\n");
  expect(family.running()).toEqual([]);
  expect(await family.start(member("late"), "twins")).toMatchObject({
    ok: false,
    failure: { code: "process.not-started" },
  });
});

test("a member that is given up is announced, and the others go on", async () => {
  await family.start(member("cloud"), "cloud");
  await family.start(member("engine"), "engine");
  process.kill(family.running()[1]?.pid ?? 0, "SIGKILL");
  expect(await family.lost).toMatchObject({
    code: "process.gave-up",
    details: { name: "engine", reason: "signal SIGKILL" },
  });
  expect(family.running().map(({ name }) => name)).toEqual(["cloud"]);
  expect(family.send("cloud", {})).toBe(true);
  expect(family.send("engine", {})).toBe(false);
  expect(family.send("nobody", {})).toBe(false);
});
