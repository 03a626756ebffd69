import { createRequire, syncBuiltinESMExports } from "node:module";
import type { Agenda, Entry } from "./agenda.ts";
import { currentProcess, runWithin, SimulatedDeath, type SimulatedProcess, strands } from "./process.ts";
import { createRandom, type Random } from "./random.ts";
import { replaceTime, replaceTimers } from "./time.ts";

type Fetch = (process: SimulatedProcess | null, input: string, init: RequestInit) => Promise<Response>;
const plentyBytes = 100e9;
const require = createRequire(import.meta.url);
const realImmediate = globalThis.setImmediate;
/** All promises and ticks that wait; does nothing when called by one of them. */
const runTicks = (process as unknown as { _tickCallback: () => void })._tickCallback;
/** What ends by itself in a turn of the event loop: an immediate, or a request of a library to the disk. */
const isUnderWay = (resource: string): boolean => resource === "Immediate" || resource.includes("Req");
const realNow = performance.now.bind(performance);
/** Nothing that takes no simulated time takes so much of the real one. */
const longestStandMs = 600_000;
const standstill = (pending: number, resources: readonly string[]): string =>
  `the simulation stands still: ${pending} pieces of held work have no end, ${resources.join(", ")} under way`;

/** Real milliseconds, for measuring the simulator itself. */
export const realMs = (): number => realNow();

/**
 * The ground a simulated program stands on: time, timers, chance, the disk's asynchronous half and fetch, put in place
 * of the runtime's own before any of the product is loaded.
 */
export function installPlatform(agenda: Agenda, seed: number) {
  let pending = 0;
  let doFetch: Fetch = () => Promise.reject(new TypeError("fetch failed"));
  const harness = createRandom(seed ^ 0x2545f491);
  const randomNow = (): Random => currentProcess()?.random ?? harness;
  const unexpected: string[] = [];

  /** Runs in the process, if it is still there; what it throws ends it. */
  function enter(process: SimulatedProcess | null, act: () => void): void {
    if (process === null) return strands.exit(act);
    if (!process.isAlive) return;
    try {
      runWithin(process, act);
    } catch (error) {
      if (!(error instanceof SimulatedDeath)) process.onFatal(error);
    }
  }

  function endProcess(process: SimulatedProcess): void {
    if (!process.isAlive) return;
    process.isAlive = false;
    // What stands on the stack may be inside a transaction: it unwinds first.
    agenda.after(0, () => {
      for (const database of process.databases) if (database.open) database.close();
      process.databases.clear();
    });
    const ends = [...process.onEnd];
    process.onEnd.clear();
    for (const end of ends) end();
  }

  replaceTime(agenda);
  replaceTimers(agenda, enter);
  replaceChance(randomNow);
  replaceDisk((owner) => owner?.freeBytes?.() ?? plentyBytes);
  globalThis.fetch = (input, init = {}) => doFetch(currentProcess(), String(input), init);
  syncBuiltinESMExports();
  process.on("unhandledRejection", (reason) => {
    if (reason instanceof SimulatedDeath) return;
    const owner = currentProcess();
    if (owner !== null && !owner.isAlive) return;
    if (owner !== null) return owner.onFatal(reason);
    unexpected.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
  });

  return {
    agenda,
    enter,
    endProcess,
    unexpected,
    after: (delayMs: number, act: () => void): Entry => agenda.after(delayMs, act),
    setFetch: (next: Fetch): void => {
      doFetch = next;
    },
    /**
     * Lets time pass until then or until it is done, thing after thing; after each of them everything that happens
     * without the clock moving on. Promises and ticks are run here and now: a turn of the event loop for each of a
     * million things would cost more than the things do. Only what the runtime does by itself gets a turn.
     */
    advance(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
      return new Promise((resolve, reject) => {
        let standsSinceMs: number | null = null;
        function goOn(): void {
          try {
            for (;;) {
              runTicks();
              const resources = process.getActiveResourcesInfo();
              if (pending > 0 || resources.some(isUnderWay)) {
                standsSinceMs ??= realNow();
                if (realNow() - standsSinceMs > longestStandMs)
                  throw new Error(standstill(pending, resources));
                return void realImmediate(goOn);
              }
              standsSinceMs = null;
              if (isDone()) return resolve();
              if (agenda.run(untilMs)) continue;
              agenda.advance(untilMs);
              return resolve();
            }
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        }
        realImmediate(goOn);
      });
    },
    /** Work that takes real time and no simulated time: a database that opens. A process that dies in it never ends it. */
    async hold<T>(work: Promise<T>): Promise<T> {
      const owner = currentProcess();
      pending += 1;
      let isOver = false;
      const finish = (): void => {
        if (isOver) return;
        isOver = true;
        pending -= 1;
        owner?.onEnd.delete(finish);
      };
      owner?.onEnd.add(finish);
      return work.finally(finish);
    },
  };
}
export type Platform = ReturnType<typeof installPlatform>;

function replaceChance(random: () => Random): void {
  const crypto = require("node:crypto");
  const fill = <T extends ArrayBufferView>(view: T): T => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    bytes.set(random().bytes(bytes.length));
    return view;
  };
  const randomBytes = (size: number, callback?: (error: null, bytes: Buffer) => void) => {
    const bytes = Buffer.from(random().bytes(size));
    if (callback === undefined) return bytes;
    queueMicrotask(() => callback(null, bytes));
  };
  const randomUUID = (): string => {
    const bytes = random().bytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 15) | 64;
    bytes[8] = ((bytes[8] ?? 0) & 63) | 128;
    const text = Buffer.from(bytes).toString("hex");
    return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
      "-",
    );
  };
  Math.random = () => random().fraction();
  Object.assign(crypto, { randomBytes, randomUUID, randomFillSync: fill });
  Object.defineProperty(globalThis.crypto, "getRandomValues", { value: fill });
  Object.defineProperty(globalThis.crypto, "randomUUID", { value: randomUUID });
}

/** What a pool of threads would do at times of its own is done at once: compression, and every asynchronous file call. */
function replaceDisk(freeBytes: (process: SimulatedProcess | null) => number): void {
  const zlib = require("node:zlib") as Record<string, Unknown>;
  for (const name of ["gzip", "gunzip", "deflate", "inflate"]) {
    const now = zlib[`${name}Sync`] as (bytes: Uint8Array, options?: object) => Buffer;
    zlib[name] = (bytes: Uint8Array, options: object, done: (error: unknown, bytes?: Buffer) => void) => {
      try {
        const packed = now(bytes, options);
        queueMicrotask(() => done(null, packed));
      } catch (error) {
        queueMicrotask(() => done(error));
      }
    };
  }
  const files = require("node:fs/promises") as Record<string, unknown>;
  const now = require("node:fs") as Record<string, Unknown>;
  for (const name of Object.keys(files)) {
    const method = now[`${name}Sync`];
    if (method !== undefined) files[name] = async (...args: never[]) => method(...args);
  }
  files.open = async (...args: never[]) => openFile((now.openSync as Unknown)(...args) as number);
  files.statfs = async () => ({ bsize: 4096, bavail: freeBytes(currentProcess()) / 4096 });
}

type Unknown = (...args: never[]) => unknown;

/** A file handle as far as the product uses one. */
function openFile(fd: number): Record<string, unknown> {
  const file = require("node:fs") as typeof import("node:fs");
  const handle = {
    fd,
    write: async (buffer: Uint8Array, offset?: number, length?: number, position?: number | null) => ({
      bytesWritten: file.writeSync(fd, buffer, offset, length, position),
      buffer,
    }),
    read: async (
      buffer: Uint8Array,
      offset = 0,
      length = buffer.length - offset,
      position: number | null = null,
    ) => ({
      bytesRead: file.readSync(fd, buffer, offset, length, position),
      buffer,
    }),
    readFile: async (options?: BufferEncoding) => file.readFileSync(fd, options),
    writeFile: async (data: string | Uint8Array) => file.writeFileSync(fd, data),
    appendFile: async (data: string | Uint8Array) => file.appendFileSync(fd, data),
    stat: async () => file.fstatSync(fd),
    truncate: async (length?: number) => file.ftruncateSync(fd, length),
    chmod: async (mode: number) => file.fchmodSync(fd, mode),
    // Nothing of a run in memory outlives its machine.
    sync: async () => undefined,
    datasync: async () => undefined,
    close: async () => file.closeSync(fd),
  };
  return { ...handle, [Symbol.asyncDispose]: handle.close };
}
