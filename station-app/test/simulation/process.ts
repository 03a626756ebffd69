import { AsyncLocalStorage } from "node:async_hooks";
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

export const currentProcess = (): SimulatedProcess | null => strands.getStore() ?? null;
