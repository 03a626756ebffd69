import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { assert } from "@waystation/shared/failures/assert";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { z } from "zod";
import { isSameProcess, readProcessIdentity } from "./process-identity.ts";

/**
 * `run.json` in the data folder: who runs here, and how to reach it. It is the folder's lock as well, and bears
 * this launch's tokens, so only its owner may read it.
 */
const processSchema = z.strictObject({ name: z.string(), pid: z.int().min(1), identity: z.string() });
export const runStateSchema = z.strictObject({
  version: z.literal(1),
  /** The supervisor. */
  pid: z.int().min(1),
  identity: z.string(),
  startedAt: z.string(),
  processes: z.array(processSchema).max(64),
  urls: z.strictObject({ station: z.url().optional(), cloud: z.url().optional() }),
  tokens: z.strictObject({ station: z.string().optional(), admin: z.string().optional() }),
});
export type RunState = z.infer<typeof runStateSchema>;

const runFileName = "run.json";
const leftoverStopMs = 5000;

export type RunFile = {
  /** The whole state in one rename: a reader sees the old or the new one. */
  readonly update: (change: Partial<Omit<RunState, "version" | "pid" | "identity">>) => void;
  readonly remove: () => void;
};

/** The run that goes on in this folder; null when there is none, or the one named in the file has died. */
export function readRunningState(folder: string): RunState | null {
  const state = readState(join(folder, runFileName));
  return state !== null && isSameProcess(state) ? state : null;
}

/**
 * Takes the folder for this process. Failure data.in-use while another one has it. What a killed supervisor left
 * running here is ended first, each by its number and its start time.
 */
export async function claimFolder(folder: string): Promise<Result<RunFile>> {
  const path = join(folder, runFileName);
  const identity = readProcessIdentity(process.pid);
  assert(identity !== null, "this process runs");
  let state: RunState = {
    version: 1,
    pid: process.pid,
    identity,
    startedAt: new Date().toISOString(),
    processes: [],
    urls: {},
    tokens: {},
  };
  const own = `${path}.${process.pid}`;
  writeState(own, state);
  try {
    while (!tryLink(own, path)) {
      const running = readRunningState(folder);
      if (running !== null) return fail("data.in-use", { path: folder, pid: running.pid });
      await clearStale(path);
    }
  } finally {
    rmSync(own, { force: true });
  }
  return succeed({
    update: (change) => {
      state = { ...state, ...change };
      writeState(own, state);
      renameSync(own, path);
    },
    remove: () => rmSync(path, { force: true }),
  });
}

/** Moved away first: of two processes that find it stale only one gets it, the other looks again. */
async function clearStale(path: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const state = readState(aside);
  if (state !== null && isSameProcess(state)) return renameSync(aside, path);
  await Promise.all((state?.processes ?? []).map(endLeftover));
  rmSync(aside, { force: true });
}

async function endLeftover(known: RunState["processes"][number]): Promise<void> {
  const deadline = performance.now() + leftoverStopMs;
  signal(known, "SIGTERM");
  while (isSameProcess(known)) {
    if (performance.now() > deadline) return signal(known, "SIGKILL");
    await wait(50);
  }
}

function signal(known: RunState["processes"][number], name: NodeJS.Signals): void {
  try {
    if (isSameProcess(known)) process.kill(known.pid, name);
  } catch {
    // It ended in between, or belongs to another user: nothing to do.
  }
}

/** A link, unlike a rename, fails when the name is taken. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function writeState(path: string, state: RunState): void {
  writeFileSync(path, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

/** Null for a file that is missing, torn or not ours: it then protects nobody. */
function readState(path: string): RunState | null {
  try {
    return runStateSchema.safeParse(JSON.parse(readFileSync(path, "utf8"))).data ?? null;
  } catch {
    return null;
  }
}
