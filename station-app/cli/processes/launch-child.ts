import { type ChildProcess, spawn } from "node:child_process";
import { failureCatalog, type FailureCode } from "@waystation/shared/failures/catalog";
import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { z } from "zod";
import type { LogFile } from "./log-file.ts";
import { createLineSplitter } from "./split-lines.ts";

/** A child speaks JSON lines on stdout: `{"event":"ready",...}` once, `{"event":"failed","failure":...}`, and its own. */
export type ChildMessage = { readonly event: string; readonly [detail: string]: unknown };
export type ReadyMessage = ChildMessage & { readonly event: "ready" };

export type LaunchSpec = {
  readonly name: string;
  /** Absolute path of the script. */
  readonly script: string;
  /** Node's own options, before the script. */
  readonly execArgv: readonly string[];
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly readyTimeoutMs: number;
  /** For a child that does not read its stdin: it stops when this process is gone. */
  readonly endWithParent: boolean;
};

export type LaunchedChild = {
  readonly pid: number | null;
  /** Failure: the one the child named, or process.not-started. Never rejects. */
  readonly ready: Promise<Result<ReadyMessage>>;
  /** Resolves with why it ended ("exit code 1", "signal SIGKILL"), once its output is read. Never rejects. */
  readonly ended: Promise<string>;
  /** One JSON line to its stdin; false when it cannot take it. */
  readonly send: (command: object) => boolean;
  readonly terminate: () => void;
  /** The process and everything it started. */
  readonly kill: () => void;
};

const endWithParent = new URL("end-with-parent.ts", import.meta.url).href;
const maxUnsentBytes = 1024 * 1024;
const outputGraceMs = 1000;
const isPosix = process.platform !== "win32";

const failedSchema = z.object({
  failure: z.object({
    code: z.enum(Object.keys(failureCatalog) as [FailureCode, ...FailureCode[]]),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    cause: z.string().exactOptional(),
  }),
});

/**
 * Starts one script under this Node. On POSIX the child leads a process group of its own: Ctrl-C in the terminal
 * reaches the supervisor alone, which then stops everything in order. Its stdin is a pipe that closes when the
 * supervisor dies, however it dies.
 */
export function launchChild(
  spec: LaunchSpec,
  log: LogFile,
  onMessage: (message: ChildMessage) => void,
): LaunchedChild {
  const preload = spec.endWithParent ? ["--import", endWithParent] : [];
  const child = spawn(process.execPath, [...spec.execArgv, ...preload, spec.script, ...spec.args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, WAYSTATION_SUPERVISOR: String(process.pid), ...spec.env },
    detached: isPosix,
    windowsHide: true,
  });
  child.stdin.on("error", () => {});
  log.write(`--- ${spec.name} started as process ${child.pid ?? "?"}`);

  const ended = watchEnd(child, log);
  const { ready, onLine } = watchReady(spec, log, ended, onMessage);
  const forward = (stream: NodeJS.ReadableStream, listener: (line: string) => void) => {
    const lines = createLineSplitter(listener);
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => lines.push(text));
    stream.on("end", lines.end);
  };
  forward(child.stdout, onLine);
  forward(child.stderr, (line) => log.write(`err ${line}`));

  return {
    pid: child.pid ?? null,
    ready,
    ended,
    send: (command) => {
      if (!child.stdin.writable || child.stdin.writableLength > maxUnsentBytes) return false;
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return true;
    },
    terminate: () => terminate(child),
    kill: () => kill(child),
  };
}

function watchEnd(child: ChildProcess, log: LogFile): Promise<string> {
  return new Promise((resolve) => {
    const finish = (reason: string) => {
      log.write(`--- ended: ${reason}`);
      resolve(reason);
    };
    child.once("error", (error) => finish(error.message));
    child.once("exit", (code, signal) => {
      const reason = signal === null ? `exit code ${code}` : `signal ${signal}`;
      // Its last words may still be in the pipe; a grandchild that keeps the pipe open is not waited for.
      const grace = setTimeout(() => finish(reason), outputGraceMs);
      child.once("close", () => {
        clearTimeout(grace);
        finish(reason);
      });
    });
  });
}

function watchReady(
  spec: LaunchSpec,
  log: LogFile,
  ended: Promise<string>,
  onMessage: (message: ChildMessage) => void,
): { ready: Promise<Result<ReadyMessage>>; onLine: (line: string) => void } {
  const { promise: ready, resolve } = Promise.withResolvers<Result<ReadyMessage>>();
  const notStarted = (reason: string) =>
    fail("process.not-started", { name: spec.name, reason, log: log.path });
  const seconds = spec.readyTimeoutMs / 1000;
  const timer = setTimeout(
    () => resolve(notStarted(`it was not ready after ${seconds} s`)),
    spec.readyTimeoutMs,
  );
  let named: Failure | null = null;
  void ready.then(() => clearTimeout(timer));
  void ended.then((reason) => resolve(named === null ? notStarted(reason) : { ok: false, failure: named }));

  const onLine = (line: string) => {
    const message = parseMessage(line);
    if (message?.event === "ready") {
      // Not into the log: it may carry this launch's tokens.
      log.write("ready");
      return resolve(succeed({ ...message, event: "ready" }));
    }
    log.write(`out ${line}`);
    if (message === null) return;
    if (message.event === "failed") named = failedSchema.safeParse(message).data?.failure ?? null;
    onMessage(message);
  };
  return { ready, onLine };
}

/** Other text on stdout is a log line and nothing more. */
function parseMessage(line: string): ChildMessage | null {
  if (!line.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return null;
    return "event" in value && typeof value.event === "string" ? { ...value, event: value.event } : null;
  } catch {
    return null;
  }
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

function terminate(child: ChildProcess): void {
  // Windows has no SIGTERM: there the closed stdin is the request.
  if (!isPosix) child.stdin?.end();
  else if (isRunning(child)) child.kill("SIGTERM");
}

function kill(child: ChildProcess): void {
  if (!isRunning(child) || child.pid === undefined) return;
  try {
    process.kill(isPosix ? -child.pid : child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}
