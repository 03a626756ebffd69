import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { Random } from "./random.ts";

/** An asynchronous context: everything a simulated process starts belongs to it, and ends with it. */
export type SimulatedProcess = {
  readonly name: string;
  isAlive: boolean;
  /** The wall clock of its machine less the true time. */
  clockErrorMs: () => number;
  /** What that was when the process began: its monotonic clock counts from there and heeds no later change. */
  readonly bornErrorMs: number;
  readonly random: Random;
  /** An error nobody caught. */
  readonly onFatal: (error: unknown) => void;
  readonly onEnd: Set<() => void>;
  /** What its disk has left. */
  readonly freeBytes?: () => number;
  readonly databases: Set<{ readonly close: () => unknown; readonly open: boolean }>;
};

/** Thrown where a process dies in the middle of something. */
export class SimulatedDeath extends Error {}

export const strands = new AsyncLocalStorage<SimulatedProcess>();

const contexts = new WeakMap<SimulatedProcess, AsyncResource>();

/** Runs in the process's context, which is made once: it is entered millions of times. */
export function runWithin(process: SimulatedProcess, act: () => void): void {
  let context = contexts.get(process);
  if (context === undefined) {
    context = strands.run(process, () => new AsyncResource("SimulatedProcess"));
    contexts.set(process, context);
  }
  context.runInAsyncScope(act);
}

export const currentProcess = (): SimulatedProcess | null => strands.getStore() ?? null;
