import { Worker } from "node:worker_threads";
import { threadMemory } from "../config/runtime.ts";

/** A worker with typed messages both ways. Its death is the engine's: there is no state worth going on with. */
export type Thread<In, Out> = {
  readonly post: (message: In) => void;
  readonly onMessage: (listener: (message: Out) => void) => void;
  readonly ended: Promise<number>;
};

export function startThread<In, Out>(
  file: URL,
  workerData: unknown,
  onError: (error: unknown) => void,
): Thread<In, Out> {
  const worker = new Worker(file, { workerData, resourceLimits: threadMemory });
  worker.on("error", onError);
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => void worker.on("message", listener),
    ended: new Promise((resolve) => worker.once("exit", resolve)),
  };
}
