import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";

const listener = `
  import { listenForStop } from ${JSON.stringify(new URL("stop-request.ts", import.meta.url).href)};
  const stop = listenForStop(() => { console.log("forced"); process.exit(3); });
  stop.signal.addEventListener("abort", () => console.log("asked"));
  setInterval(() => {}, 1000);
  console.log("listening");`;

async function startListener() {
  const child = spawn(process.execPath, ["--input-type=module", "-e", listener], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  const hear = async (word: string) => {
    while (!said.includes(word)) await once(child.stdout, "data");
  };
  await hear("listening");
  return { child, hear, said: () => said };
}

test("one key press that arrives twice, as through npm, asks once and does not force; a later one forces", async () => {
  const { child, hear, said } = await startListener();
  child.kill("SIGINT");
  await hear("asked");
  child.kill("SIGINT");
  // Longer than a doubled key press; a slow machine only makes it longer.
  await wait(1000);
  expect(said()).toBe("listening\nasked\n");
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([3, null]);
  expect(said()).toBe("listening\nasked\nforced\n");
});

test.each(["SIGTERM", "SIGHUP"] as const)("%s asks too", async (signal) => {
  const { child, hear } = await startListener();
  child.kill(signal);
  await hear("asked");
  child.kill("SIGKILL");
  await once(child, "exit");
});
