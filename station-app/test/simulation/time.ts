import { createRequire } from "node:module";
import type { Agenda } from "./agenda.ts";
import { currentProcess, type SimulatedProcess } from "./process.ts";

const require = createRequire(import.meta.url);

/** Further back no clock is set: what a monotonic clock says is never below zero. */
const oldestMs = 400 * 86_400_000;

export function replaceTime(agenda: Agenda): void {
  const RealDate = Date;
  const wallMs = (): number => Math.floor(agenda.now() + (currentProcess()?.clockErrorMs() ?? 0));
  class SimulatedDate extends RealDate {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [wallMs()] : args) as []));
    }
    static override now(): number {
      return wallMs();
    }
  }
  globalThis.Date = SimulatedDate as DateConstructor;
  const originMs = agenda.startMs - oldestMs;
  const monotonicMs = (): number => agenda.now() - originMs + (currentProcess()?.bornErrorMs ?? 0);
  Object.defineProperty(performance, "timeOrigin", { value: originMs });
  Object.defineProperty(performance, "now", { value: monotonicMs });
  Object.assign(require("node:perf_hooks"), { monitorEventLoopDelay: () => noDelay });
  process.hrtime.bigint = () => BigInt(Math.round(monotonicMs() * 1e6));
}

/** A thread of the simulation is never late; the real one would look at the real clock, for good in each of many lives. */
const noDelay = { enable: () => true, percentile: () => 0, reset: () => undefined };

type Enter = (process: SimulatedProcess | null, act: () => void) => void;

/** Repeats of two seconds and more happen on even seconds, a little late as on a busy machine. */
const beatMs = 2000;

/**
 * Every repeat that one process has with the same interval and at the same moment is one thing on the agenda: streams
 * that look at the clock every two seconds would else be half of all that happens.
 */
function createBeats(agenda: Agenda, enter: Enter) {
  type Beat = { atMs: number; readonly acts: Set<() => void> };
  const beats = new WeakMap<object, Map<number, Beat[]>>();
  const nobody = {};

  function findFellows(owner: SimulatedProcess | null, everyMs: number): Beat[] {
    const key = owner ?? nobody;
    const intervals = beats.get(key) ?? new Map<number, Beat[]>();
    beats.set(key, intervals);
    const fellows = intervals.get(everyMs) ?? [];
    intervals.set(everyMs, fellows);
    return fellows;
  }

  /** @returns how to end it. */
  return function repeat(act: () => void, everyMs: number): () => void {
    const owner = currentProcess();
    const dueMs = agenda.now() + everyMs;
    const atMs = everyMs < beatMs ? dueMs : Math.ceil(dueMs / beatMs) * beatMs;
    const fellows = findFellows(owner, everyMs);
    const mine = (): void => act();
    const found = fellows.find((beat) => beat.atMs === atMs);
    if (found !== undefined) {
      found.acts.add(mine);
      return () => void found.acts.delete(mine);
    }
    const beat: Beat = { atMs, acts: new Set([mine]) };
    fellows.push(beat);
    const goOn = (): void => {
      if (beat.acts.size === 0 || owner?.isAlive === false)
        return void fellows.splice(fellows.indexOf(beat), 1);
      beat.atMs += everyMs;
      agenda.after(beat.atMs - agenda.now(), goOn);
      enter(owner, () => {
        for (const act of beat.acts) act();
      });
    };
    agenda.after(atMs - agenda.now(), goOn);
    return () => void beat.acts.delete(mine);
  };
}

export function replaceTimers(agenda: Agenda, enter: Enter): void {
  const repeat = createBeats(agenda, enter);
  class SimulatedTimer {
    readonly #owner = currentProcess();
    readonly #act: () => void;
    readonly #delayMs: number;
    readonly #repeats: boolean;
    #end: () => void = () => undefined;

    constructor(act: () => void, delayMs: number, repeats: boolean) {
      this.#act = act;
      this.#delayMs = Number.isFinite(delayMs) && delayMs >= 1 ? Math.min(delayMs, 2 ** 31 - 1) : 1;
      this.#repeats = repeats;
      this.refresh();
    }
    refresh(): this {
      this.#end();
      if (this.#repeats) this.#end = repeat(this.#act, this.#delayMs);
      else {
        const entry = agenda.after(this.#delayMs, () => enter(this.#owner, this.#act));
        this.#end = () => (entry.act = null);
      }
      return this;
    }
    close(): this {
      this.#end();
      return this;
    }
    ref(): this {
      return this;
    }
    unref(): this {
      return this;
    }
    hasRef(): boolean {
      return true;
    }
  }
  const bind =
    (repeats: boolean) =>
    (act: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]) =>
      new SimulatedTimer(() => act(...args), delayMs, repeats);
  const clear = (timer: unknown): void => {
    if (timer instanceof SimulatedTimer) timer.close();
  };
  const soon = (act: (...args: unknown[]) => void, ...args: unknown[]) => {
    const owner = currentProcess();
    return agenda.after(0, () => enter(owner, () => act(...args)));
  };
  const forget = (entry: unknown): void => {
    if (entry !== null && typeof entry === "object" && "act" in entry) entry.act = null;
  };
  const timers = {
    setTimeout: bind(false),
    setInterval: bind(true),
    clearTimeout: clear,
    clearInterval: clear,
  };
  const immediates = { setImmediate: soon, clearImmediate: forget };
  Object.assign(globalThis, timers, immediates);
  Object.assign(require("node:timers"), timers, immediates);
  Object.assign(require("node:timers/promises"), {
    setTimeout: (delayMs?: number, value?: unknown, options?: { signal?: AbortSignal }) =>
      wait((done) => timers.setTimeout(done, delayMs), clear, value, options?.signal),
    setImmediate: (value?: unknown, options?: { signal?: AbortSignal }) =>
      wait((done) => soon(done), forget, value, options?.signal),
  });
  AbortSignal.timeout = (delayMs) => {
    const controller = new AbortController();
    timers.setTimeout(() => controller.abort(timedOut()), delayMs);
    return controller.signal;
  };
}

/** Of the time after which most requests have long been answered: what was called to get here says nothing. */
function timedOut(): DOMException {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const exception = new DOMException("timed out", "TimeoutError");
  Error.stackTraceLimit = stackTraceLimit;
  return exception;
}

/** As the platform has it: whatever the caller gave, and an AbortError where it gave nothing. */
export const reasonOf = ({ reason }: AbortSignal): Error =>
  reason instanceof Error ? reason : new DOMException(String(reason), "AbortError");

function wait(
  begin: (done: () => void) => unknown,
  cancel: (timer: unknown) => void,
  value: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(reasonOf(signal));
    const timer = begin(() => resolve(value));
    signal?.addEventListener("abort", () => {
      cancel(timer);
      reject(reasonOf(signal));
    });
  });
}
