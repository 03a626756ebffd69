import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isSameProcess, readProcessIdentity } from "./process-identity.ts";

test("an identity stays, differs from that of a process started later, and ends with its process", async () => {
  const own = readProcessIdentity(process.pid);
  expect(own).not.toBeNull();
  expect(readProcessIdentity(process.pid)).toBe(own);

  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  const identity = readProcessIdentity(pid) ?? "";
  expect(identity).not.toBe(own);
  expect(isSameProcess({ pid, identity })).toBe(true);
  expect(isSameProcess({ pid, identity: own ?? "" })).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(readProcessIdentity(pid)).toBeNull();
});
