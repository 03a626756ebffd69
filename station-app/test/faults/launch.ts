import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { endWithUs } from "./clean-up.ts";

export type Launched = {
  readonly pid: number;
  readonly send: (line: object) => void;
  readonly signal: (name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT") => void;
  /** "SIGKILL", "exit 0", ... once its last words are read. */
  readonly ended: Promise<string>;
  readonly words: () => string;
};

export type LaunchOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands before node: `ip netns exec NAME` replaces itself by it, so the process id stays. */
  readonly within?: readonly string[];
  readonly onLine: (message: Readonly<Record<string, unknown>>) => void;
};

const keptWords = 20_000;

/** A script under this Node that speaks JSON lines; it can be stopped, killed and put into a network of its own. */
export function launch(script: URL, args: readonly string[], options: LaunchOptions): Launched {
  const [program = process.execPath, ...rest] = [
    ...(options.within ?? []),
    process.execPath,
    script.pathname,
    ...args,
  ];
  const child: ChildProcess = spawn(program, rest, {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error("no pipes to the process");
  let words = "";
  stderr.on("data", (text: Buffer) => {
    words = (words + text.toString("utf8")).slice(-keptWords);
  });
  stdin.on("error", () => undefined);
  createInterface({ input: stdout }).on("line", (line) => {
    if (line.startsWith("{")) options.onLine(JSON.parse(line) as Record<string, unknown>);
  });
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(signal ?? `exit ${code}`)),
  );
  if (child.pid !== undefined) endWithUs(child.pid, ended);
  return {
    pid: child.pid ?? -1,
    send: (line) => void stdin.write(`${JSON.stringify(line)}\n`),
    signal: (name) => void child.kill(name),
    ended,
    words: () => words,
  };
}

/** Also one that stands still. */
export async function end(process: Launched): Promise<void> {
  process.signal("SIGKILL");
  await process.ended;
}
