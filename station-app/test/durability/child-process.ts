import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type Child = {
  readonly pid: number;
  readonly send: (line: object) => void;
  /** Without any handler of its own running, as in a power cut. */
  readonly kill: () => void;
  readonly terminate: () => void;
  /** "SIGKILL", "exit 0", ... */
  readonly ended: Promise<string>;
  readonly stderr: () => string;
};

const keptStderr = 20_000;

/** A script under this Node that speaks JSON lines. */
export function startChild(
  script: URL,
  argument: string,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly onLine: (message: Readonly<Record<string, unknown>>) => void;
  },
): Child {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [script.pathname, argument], {
    env: { ...process.env, ...options.env },
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => {
    stderr = (stderr + text.toString("utf8")).slice(-keptStderr);
  });
  child.stdin.on("error", () => undefined);
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) options.onLine(JSON.parse(line) as Record<string, unknown>);
  });
  return {
    pid: child.pid ?? -1,
    send: (line) => void child.stdin.write(`${JSON.stringify(line)}\n`),
    kill: () => void child.kill("SIGKILL"),
    terminate: () => void child.kill("SIGTERM"),
    // Not before its last words are read.
    ended: new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? `exit ${code}`))),
    stderr: () => stderr,
  };
}

/** Looks every 20 ms; an error with `what` after the deadline. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`waited ${timeoutMs} ms for ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
