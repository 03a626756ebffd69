import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { postgresMissing, startPostgres } from "@waystation/cloud-api/test-support/postgres-server";

const program = fileURLToPath(new URL("../waystation.ts", import.meta.url));

function start(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, "shapes", "serve", ...args], {
    env: { PATH: process.env.PATH ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text) => (errors += String(text)));
  const line = once(createInterface(child.stdout), "line").then(([text]) => String(text));
  const exit = once(child, "exit").then(([code]) => Number(code));
  return { child, line, exit, errors: () => errors };
}

test.skipIf(postgresMissing !== null)(
  "serves a table, says where, and ends with SIGTERM",
  async () => {
    const postgres = await startPostgres();
    const args = ["--database-url", postgres.url, "--port", "0", "--json"];
    const open = start([...args, "--open", "--chunk-bytes", "5000", "--cache-max-age", "7"]);
    const closed = start(args, { WAYSTATION_SHAPES_TOKEN: "a-token-of-the-tests" });
    try {
      const { url, port } = JSON.parse(await open.line) as { url: string; port: number };
      expect(url).toBe(`http://127.0.0.1:${port}`);
      expect(await (await fetch(`${url}/v1/health`)).json()).toEqual({ status: "active" });
      const shape = await fetch(`${url}/v1/shape?table=nowhere&offset=-1`);
      expect([shape.status, Object.keys((await shape.json()) as object)]).toEqual([
        400,
        ["message", "errors"],
      ]);
      const guarded = JSON.parse(await closed.line) as { url: string };
      expect((await fetch(`${guarded.url}/v1/shape?table=x&offset=-1`)).status).toBe(401);
      open.child.kill("SIGTERM");
      closed.child.kill("SIGTERM");
      expect(await Promise.all([open.exit, closed.exit])).toEqual([0, 0]);
      expect([open.errors(), closed.errors()]).toEqual(["", ""]);
    } finally {
      for (const { child } of [open, closed]) if (child.exitCode === null) child.kill("SIGKILL");
      await postgres.stop();
    }
  },
  60_000,
);

test("a mistake is one clear sentence", async () => {
  const mistakes: [args: string[], code: number, sentence: string][] = [
    [["--database-url", "mysql://x", "--open"], 2, "postgres://"],
    [["--database-url", "postgres://x/y"], 2, "WAYSTATION_SHAPES_TOKEN"],
    [["--database-url", "postgres://x/y", "--port", "99999", "--open"], 2, "port"],
    [["--database-url", "postgres://u@127.0.0.1:1/y", "--open", "--port", "0"], 1, "database"],
  ];
  for (const [args, code, sentence] of mistakes) {
    const run = start(args);
    expect([args, await run.exit]).toEqual([args, code]);
    expect(run.errors()).toContain(sentence);
    expect(run.errors().trim().split("\n")).toHaveLength(1);
  }
}, 60_000);
