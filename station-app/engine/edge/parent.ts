import type { Failure } from "@waystation/shared/failures/result";
import {
  type EngineToShell,
  shellPortVersion,
  shellToEngineSchema,
} from "@waystation/shared/wire/shell-port";
import type { ScreenPort } from "./screen-connection.ts";

/** Whoever started the engine, and how one talks to it. */
export type Parent = {
  readonly ready: (url: string | null) => void;
  readonly failed: (failure: Failure) => void;
  readonly stopped: () => void;
  readonly onStop: (listener: () => void) => void;
  readonly onScreen: (listener: (port: ScreenPort) => void) => void;
};

/** Electron puts this on the process of a utility process; without Electron it is not there. */
type ShellPort = {
  readonly on: (
    event: "message",
    listener: (message: { data: unknown; ports: readonly unknown[] }) => void,
  ) => void;
  readonly postMessage: (message: EngineToShell) => void;
};

export function connectParent(): Parent {
  const shell = (process as { parentPort?: ShellPort }).parentPort;
  return shell === undefined ? connectTerminal() : connectShell(shell);
}

/** JSON lines out, signals in. */
function connectTerminal(): Parent {
  const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
  return {
    ready: (url) => say({ event: "ready", pid: process.pid, url }),
    failed: (failure) => say({ event: "failed", failure }),
    stopped: () => {},
    onStop: (listener) => {
      process.on("SIGTERM", listener);
      process.on("SIGINT", listener);
    },
    onScreen: () => {},
  };
}

export function connectShell(shell: ShellPort): Parent {
  let stop: () => void = () => {};
  let takeScreen: (port: ScreenPort) => void = () => {};
  shell.on("message", ({ data, ports }) => {
    const message = shellToEngineSchema.safeParse(data);
    if (!message.success) return;
    const [port] = ports;
    if (message.data.kind === "stop") stop();
    // The shell is the only sender, and Electron delivers real ports or none.
    else if (port !== undefined) takeScreen(port as ScreenPort);
  });
  return {
    ready: () => shell.postMessage({ kind: "ready", version: shellPortVersion }),
    failed: ({ code, details, cause }) =>
      shell.postMessage({
        kind: "failed",
        failure: { code, details: { ...details }, ...(cause === undefined ? {} : { cause }) },
      }),
    stopped: () => shell.postMessage({ kind: "stopped" }),
    onStop: (listener) => {
      stop = listener;
      process.on("SIGTERM", listener);
    },
    onScreen: (listener) => {
      takeScreen = listener;
    },
  };
}
