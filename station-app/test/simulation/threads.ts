import type { CoreInput, CoreOutput } from "../../engine/core/messages.ts";
import { type CoreWorkerData, runCoreThread } from "../../engine/core/core-thread.ts";
import type { CrashPoints } from "../../engine/config/crash-points.ts";
import type { ThreadPort } from "../../engine/config/thread-port.ts";
import type { startThread, Thread } from "../../engine/edge/start-thread.ts";
import type { ReplicaInput, ReplicaOutput } from "../../engine/replica/messages.ts";
import { type ReplicaWorkerData, runReplicaThread } from "../../engine/replica/replica-thread.ts";
import type { Platform } from "./platform.ts";
import type { SimulatedProcess } from "./process.ts";

export type ThreadTap = {
  readonly crash: CrashPoints;
  /** Everything the core says to the edge, and the way to speak to it as the edge does. */
  readonly onCore: (message: CoreOutput) => void;
  readonly onCorePost: (post: (message: CoreInput) => void) => void;
};

/** The engine's threads as contexts of one process; messages are copied, keep their order and take up to a few milliseconds. */
export function createThreads(
  platform: Platform,
  owner: SimulatedProcess,
  tap: ThreadTap,
): typeof startThread {
  return <In, Out>(file: URL, workerData: unknown): Thread<In, Out> => {
    const isCore = file.pathname.endsWith("core-worker.ts");
    const ended = Promise.withResolvers<number>();
    const down = createPost<In>(platform, owner);
    const up = createPost<Out>(platform, owner);
    const port: ThreadPort<In, Out> = {
      postMessage: up.post,
      on: (_event, listener) => down.listen(listener),
      close: () => ended.resolve(0),
    };
    const data: unknown = structuredClone(workerData);
    platform.after(0, () =>
      platform.enter(owner, () => {
        if (isCore)
          runCoreThread(
            port as unknown as ThreadPort<CoreInput, CoreOutput>,
            data as CoreWorkerData,
            tap.crash,
          );
        else
          runReplicaThread(
            port as unknown as ThreadPort<ReplicaInput, ReplicaOutput>,
            data as ReplicaWorkerData,
            () => ended.resolve(0),
          );
      }),
    );
    if (isCore) {
      up.listen((message) => tap.onCore(message as CoreOutput));
      tap.onCorePost((message) => down.post(message as In));
    }
    return { post: down.post, onMessage: up.listen, ended: ended.promise };
  };
}

/** What a real port does to a message of values, lists, plain objects and bytes, in a fifth of the time. */
function copyMessage<Value>(value: Value): Value {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(copyMessage) as Value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyMessage((value as Record<string, unknown>)[key]);
  return copy as Value;
}

function createPost<Message>(platform: Platform, owner: SimulatedProcess) {
  const listeners: ((message: Message) => void)[] = [];
  const waiting: Message[] = [];
  let lastAtMs = 0;

  function deliver(message: Message): void {
    if (listeners.length === 0) waiting.push(message);
    for (const listener of [...listeners]) platform.enter(owner, () => listener(message));
  }

  return {
    post(message: Message): void {
      const copy = copyMessage(message);
      const now = platform.agenda.now();
      lastAtMs = Math.max(lastAtMs, now + (owner.random.chance(0.1) ? owner.random.between(0, 3) : 0));
      platform.after(lastAtMs - now, () => deliver(copy));
    },
    listen(listener: (message: Message) => void): void {
      listeners.push(listener);
      for (const message of waiting.splice(0))
        platform.after(0, () => platform.enter(owner, () => listener(message)));
    },
  };
}
