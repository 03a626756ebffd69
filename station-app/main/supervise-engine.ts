import { fail, type Failure } from "@waystation/shared/failures/result";
import {
  engineToShellSchema,
  type ShellToEngine,
  shellPortVersion,
} from "@waystation/shared/wire/shell-port";
import { type MessagePortMain, type UtilityProcess, utilityProcess } from "electron";
import { createRestartPolicy, type RestartPolicy } from "./restart-policy.ts";

export type EngineOptions = {
  readonly entryPath: string;
  readonly args: readonly string[];
  /** The engine will not be started again by itself; what is said to the person at the screen. */
  readonly onGivenUp: (failure: Failure) => void;
  readonly nowMs?: () => number;
};

export type Engine = {
  /** Hands the engine one end of a screen's channel, at once or as soon as the engine is ready. */
  readonly attachScreen: (port: MessagePortMain) => void;
  /** After it was given up: from the beginning. */
  readonly startAgain: () => void;
  /** Resolves when the process is gone: by itself, or ended after the deadline. */
  readonly stop: (deadlineMs: number) => Promise<void>;
};

/** One engine process, kept running. It is told to stop and given time; it is never shared between two shells. */
export function superviseEngine(options: EngineOptions): Engine {
  const nowMs = options.nowMs ?? (() => performance.now());
  let policy: RestartPolicy = createRestartPolicy(nowMs);
  let child: UtilityProcess | null = null;
  let ready = false;
  let refused = false;
  let stopping = false;
  let restart: NodeJS.Timeout | undefined;
  // Only the newest: a page that asks again has forgotten its earlier request.
  let waiting: MessagePortMain | null = null;

  const post = (message: ShellToEngine, ports: MessagePortMain[] = []) => child?.postMessage(message, ports);

  const start = () => {
    ready = false;
    refused = false;
    const started = utilityProcess.fork(options.entryPath, [...options.args], {
      serviceName: "waystation-engine",
      stdio: "inherit",
    });
    child = started;
    started.on("message", receive);
    started.once("exit", () => {
      if (child === started) exited();
    });
  };

  const receive = (message: unknown) => {
    const parsed = engineToShellSchema.safeParse(message);
    if (!parsed.success) return;
    if (parsed.data.kind === "ready") {
      ready = true;
      if (waiting !== null) post({ kind: "attach-screen", version: shellPortVersion }, [waiting]);
      waiting = null;
    }
    if (parsed.data.kind === "failed") {
      refused = true;
      options.onGivenUp(parsed.data.failure);
    }
  };

  const exited = () => {
    child = null;
    ready = false;
    if (stopping || refused) return;
    const pauseMs = policy.nextPauseMs();
    if (pauseMs === null)
      return options.onGivenUp(fail("engine.crashing", { count: policy.count() + 1 }).failure);
    restart = setTimeout(start, pauseMs);
  };

  start();
  return {
    attachScreen: (port) => {
      if (ready) {
        post({ kind: "attach-screen", version: shellPortVersion }, [port]);
        return;
      }
      waiting?.close();
      waiting = port;
    },
    startAgain: () => {
      if (child !== null || stopping) return;
      clearTimeout(restart);
      policy = createRestartPolicy(nowMs);
      start();
    },
    stop: (deadlineMs) => {
      stopping = true;
      clearTimeout(restart);
      const running = child;
      if (running === null) return Promise.resolve();
      return new Promise((resolve) => {
        const deadline = setTimeout(() => running.kill(), deadlineMs);
        running.once("exit", () => {
          clearTimeout(deadline);
          resolve();
        });
        post({ kind: "stop", deadlineMs });
      });
    },
  };
}
