import { setTimeout as wait } from "node:timers/promises";
import { type Failure, fail, type Result } from "@waystation/shared/failures/result";
import {
  type ChildMessage,
  launchChild,
  type LaunchedChild,
  type LaunchSpec,
  type ReadyMessage,
} from "./launch-child.ts";
import { openLogFile } from "./log-file.ts";

/** More than `limit` ends within `withinMs` and the child is given up; the pause doubles from first to longest. */
export type RestartPolicy = {
  readonly limit: number;
  readonly withinMs: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
};

export const defaultRestart: RestartPolicy = {
  limit: 5,
  withinMs: 120_000,
  firstDelayMs: 500,
  longestDelayMs: 10_000,
};

export type ChildSpec = {
  readonly name: string;
  readonly script: string;
  /** Called for every start; `last` is the ready message of the one before, so that a port can be kept. */
  readonly command: (last: ReadyMessage | null) => {
    /** Node's own options. */
    readonly execArgv?: readonly string[];
    readonly args?: readonly string[];
    /** Added to this process's environment. */
    readonly env?: Readonly<Record<string, string>>;
  };
  readonly endWithParent?: boolean;
  readonly logPath: string;
  readonly readyTimeoutMs: number;
  /** From the request to stop until it is killed. */
  readonly stopTimeoutMs: number;
  /** Null: an end nobody asked for is final. */
  readonly restart: RestartPolicy | null;
};

export type ChildEvent =
  | { readonly kind: "ready"; readonly pid: number; readonly message: ReadyMessage }
  | { readonly kind: "ended"; readonly reason: string; readonly restartInMs: number }
  | { readonly kind: "gave-up"; readonly failure: Failure }
  | { readonly kind: "message"; readonly message: ChildMessage };

export type SupervisedChild = {
  readonly name: string;
  /** Null while none runs. */
  readonly pid: () => number | null;
  /** The first start. Its failure is final and nothing is tried again; after a success the child is kept alive. */
  readonly start: () => Promise<Result<ReadyMessage>>;
  readonly send: (command: object) => boolean;
  /** Asks, waits, kills. Resolves when no process is left; may be called at any time and more than once. */
  readonly stop: () => Promise<void>;
  /** Kills at once. */
  readonly kill: () => void;
};

export function superviseChild(spec: ChildSpec, onEvent: (event: ChildEvent) => void): SupervisedChild {
  const log = openLogFile(spec.logPath);
  const stopping = new AbortController();
  let current: LaunchedChild | null = null;
  let last: ReadyMessage | null = null;
  let over: Promise<void> | null = null;
  let endTimes: number[] = [];

  const launch = async (): Promise<{ child: LaunchedChild; ready: Result<ReadyMessage> }> => {
    const { execArgv = [], args = [], env = {} } = spec.command(last);
    const launchSpec: LaunchSpec = {
      name: spec.name,
      script: spec.script,
      execArgv,
      args,
      env,
      readyTimeoutMs: spec.readyTimeoutMs,
      endWithParent: spec.endWithParent ?? false,
    };
    const child = launchChild(launchSpec, log, (message) => onEvent({ kind: "message", message }));
    current = child;
    const ready = await child.ready;
    if (!ready.ok) {
      child.kill();
      await child.ended;
      current = null;
    } else if (!stopping.signal.aborted) {
      last = ready.value;
      onEvent({ kind: "ready", pid: child.pid ?? 0, message: ready.value });
    }
    return { child, ready };
  };

  /** From the first success to the end: watch, pause, start again. */
  const keepAlive = async (first: LaunchedChild): Promise<void> => {
    let reason = await first.ended;
    current = null;
    while (!stopping.signal.aborted) {
      const delayMs = nextDelay(reason);
      if (delayMs === null) return;
      onEvent({ kind: "ended", reason, restartInMs: delayMs });
      await wait(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      const { child, ready } = await launch();
      reason = ready.ok ? await child.ended : describe(ready.failure);
      current = null;
    }
  };

  /** Null when it is given up. */
  const nextDelay = (reason: string): number | null => {
    const now = performance.now();
    const { restart } = spec;
    endTimes = [...endTimes.filter((time) => restart !== null && time > now - restart.withinMs), now];
    if (restart !== null && endTimes.length <= restart.limit)
      return Math.min(restart.firstDelayMs * 2 ** (endTimes.length - 1), restart.longestDelayMs);
    const { failure } = fail("process.gave-up", {
      name: spec.name,
      count: endTimes.length,
      reason,
      log: log.path,
    });
    onEvent({ kind: "gave-up", failure });
    return null;
  };

  const stopCurrent = async (): Promise<void> => {
    const child = current;
    if (child === null) return;
    child.terminate();
    const deadline = new AbortController();
    const tooLate = wait(spec.stopTimeoutMs, true, { signal: deadline.signal }).catch(() => false);
    if (await Promise.race([tooLate, child.ended.then(() => false)])) {
      log.write(`--- did not stop within ${spec.stopTimeoutMs} ms: killed`);
      child.kill();
      await child.ended;
    }
    deadline.abort();
  };

  return {
    name: spec.name,
    pid: () => current?.pid ?? null,
    start: async () => {
      const { child, ready } = await launch();
      if (ready.ok) over = keepAlive(child);
      return ready;
    },
    send: (command) => current?.send(command) ?? false,
    stop: async () => {
      stopping.abort();
      await stopCurrent();
      await over;
      log.close();
    },
    kill: () => {
      stopping.abort();
      current?.kill();
    },
  };
}

const describe = (failure: Failure): string => {
  const { reason } = failure.details;
  return typeof reason === "string" ? reason : failure.code;
};
