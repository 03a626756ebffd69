import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockFolder } from "./folder-lock.ts";

const dead = { pid: 4_194_303, started: "0", doubtful: false };

async function lock(files: Readonly<Record<string, object | string>>) {
  const folder = mkdtempSync(join(tmpdir(), "waystation-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  const take = async () => {
    const taken = await lockFolder(join(folder, "cloud.lock"));
    if (!taken.ok) throw new Error(JSON.stringify(taken.failure));
    return taken.value;
  };
  return { take, names: () => readdirSync(folder) };
}

test("whoever died while taking over leaves the doubt to the next, until it is dealt with", async () => {
  const { take, names } = await lock({ "cloud.lock.stale-7": { ...dead, boot: "an earlier boot" } });
  const first = await take();
  expect(first.doubtful).toBe(true);
  await first.settle();
  expect(names()).toEqual(["cloud.lock"]);
  await first.release();
  expect((await take()).doubtful).toBe(false);
});

test.each([
  ["torn by a power cut", ""],
  ["of an earlier boot", { ...dead, boot: "an earlier boot" }],
])("a lock %s is taken over with doubt", async (_, content) => {
  const { take, names } = await lock({ "cloud.lock": content });
  expect((await take()).doubtful).toBe(true);
  expect(names()).toEqual(["cloud.lock"]);
});
