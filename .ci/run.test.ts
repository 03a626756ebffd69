import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

/** `.ci/run` beside an `npm` that answers what it is told, because the real one would install and test for minutes. */
function runWith(answers: {
  readonly ci?: string;
  readonly test?: string;
  readonly check?: string;
  readonly rig?: string;
}) {
  const folder = mkdtempSync(join(tmpdir(), "ci-run-"));
  mkdirSync(join(folder, ".ci"));
  copyFileSync(join(import.meta.dirname, "run"), join(folder, ".ci/run"));
  mkdirSync(join(folder, "bin"));
  const npm = `#!/bin/sh
case "$*" in
  ci) ${answers.ci ?? "true"} ;;
  test) ${answers.test ?? "echo '5 passed, 0 failed'"} ;;
  "run check") ${answers.check ?? "true"} ;;
  "run test:hardware") ${answers.rig ?? "echo 'skipped: no virtual machine'"} ;;
  *) exit 99 ;;
esac
`;
  writeFileSync(join(folder, "bin/npm"), npm);
  chmodSync(join(folder, "bin/npm"), 0o755);
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
  const { status, stdout } = spawnSync(join(folder, ".ci/run"), { env, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { status, last: stdout.trimEnd().split("\n").at(-1) };
}

test("the last line counts tests and checks, and the exit code agrees", () => {
  expect(runWith({})).toEqual({ status: 0, last: "5 passed, 0 failed" });
  expect(runWith({ test: "echo '5 passed, 0 failed, 2 skipped'" })).toEqual({
    status: 0,
    last: "5 passed, 0 failed",
  });
  expect(runWith({ test: "echo '5 passed, 2 failed'; exit 1" })).toEqual({
    status: 1,
    last: "5 passed, 2 failed",
  });
  expect(runWith({ check: "exit 1" })).toEqual({ status: 1, last: "5 passed, 1 failed" });
  expect(runWith({ test: "echo '5 passed, 2 failed'; exit 1", check: "exit 1" })).toEqual({
    status: 1,
    last: "5 passed, 3 failed",
  });
});

test("a run that breaks down is a failure whatever it printed", () => {
  expect(runWith({ ci: "exit 1" })).toEqual({ status: 1, last: "0 passed, 1 failed" });
  expect(runWith({ test: "exit 1" })).toEqual({ status: 1, last: "0 passed, 1 failed" });
  expect(runWith({ test: "true" })).toEqual({ status: 1, last: "0 passed, 1 failed" });
  expect(runWith({ test: "echo '5 passed, 0 failed'; exit 1" })).toEqual({
    status: 1,
    last: "5 passed, 1 failed",
  });
});

test("what ran on real device nodes counts too, and a skip is no failure", () => {
  expect(runWith({ rig: "echo '11 passed, 0 failed'" })).toEqual({ status: 0, last: "16 passed, 0 failed" });
  expect(runWith({ rig: "echo '9 passed, 2 failed'; exit 1" })).toEqual({
    status: 1,
    last: "14 passed, 2 failed",
  });
  expect(runWith({ rig: "exit 1" })).toEqual({ status: 1, last: "5 passed, 1 failed" });
});
