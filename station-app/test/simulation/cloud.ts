import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { CompiledQuery } from "kysely";
import { parseCloudConfig, type CloudConfig } from "@waystation/cloud-api/config/cloud-config";
import { connectDatabase, type Database } from "@waystation/cloud-api/db/connect";
import type { LogEntry } from "@waystation/cloud-api/http/logger";
import { checkHere } from "@waystation/cloud-api/modules/ingest/check-thread";
import { assembleCloud, type Cloud } from "@waystation/cloud-api/start-cloud";
import type { CloudEnd } from "./network.ts";
import type { Platform } from "./platform.ts";
import { currentProcess, type SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";

export const cloudUrl = "http://cloud.invalid";
const adminToken = "admin-token-of-the-simulation";

export type Query = (text: string, values: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

export type CloudOptions = {
  readonly platform: Platform;
  readonly dir: string;
  readonly random: Random;
  readonly clockErrorMs: () => number;
  /** Before each statement that reaches the database; the process may be ended here. */
  readonly onStatement: () => void;
  readonly onTrouble: (what: string) => void;
  /** The database is open again, after a death or at first. */
  readonly onOpen: (query: Query) => Promise<void>;
  readonly backupEveryMs: number;
  readonly longPollMs: number;
};

/** The cloud's own program over the embedded database in a folder; it can die at any statement and start again. */
export function createSimulatedCloud(options: CloudOptions) {
  const { platform, dir } = options;
  watchStatements(options.onStatement);
  let running: { readonly end: CloudEnd; readonly cloud: Cloud; readonly database: Database } | null = null;
  let lives = 0;

  async function open(process: SimulatedProcess): Promise<void> {
    const config = makeConfig(options);
    const database = await connectDatabase({ kind: "folder", path: dir });
    if (!database.ok) throw new Error(`the cloud does not open: ${JSON.stringify(database.failure)}`);
    await options.onOpen(askDatabase(database.value));
    const logLine = (entry: LogEntry): void => tell(entry, options.onTrouble);
    const cloud = assembleCloud(database.value, config, logLine, checkHere);
    const answer = async (request: Request): Promise<Response> => cloud.app.fetch(request);
    running = { end: { process, answer }, cloud, database: database.value };
  }

  function begin(): void {
    lives += 1;
    const bornErrorMs = options.clockErrorMs();
    const process: SimulatedProcess = {
      name: `cloud-${lives}`,
      isAlive: true,
      clockErrorMs: options.clockErrorMs,
      bornErrorMs,
      random: options.random,
      onFatal: (error) => options.onTrouble(`the cloud died of ${describe(error)}`),
      onEnd: new Set(),
      databases: new Set(),
    };
    platform.enter(process, () => {
      void platform.hold(open(process));
    });
  }

  /** What is left of a process that is gone; with a power cut the machine started anew, too. */
  function leaveLock(isPowerCut: boolean): void {
    const path = join(dir, "cloud.lock");
    const owner = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const boot = isPowerCut ? `boot before ${lives}` : owner.boot;
    writeFileSync(path, JSON.stringify({ ...owner, pid: 4_194_303, started: "0", boot }));
  }

  return {
    begin,
    current: (): CloudEnd | null => running?.end ?? null,
    database: (): Database | null => running?.database ?? null,
    die(isPowerCut = false): void {
      if (running === null) return;
      const { process } = running.end;
      running = null;
      platform.endProcess(process);
      leaveLock(isPowerCut);
    },
    /** An administrator's request. */
    async ask(path: string, body: string, contentType = "application/json"): Promise<unknown> {
      const end = running?.end;
      if (end === undefined) return null;
      const headers = { authorization: `Bearer ${adminToken}`, "content-type": contentType };
      const request = new Request(`${cloudUrl}${path}`, { method: "POST", headers, body });
      return new Promise((resolve, reject) => {
        platform.enter(end.process, () => {
          const work = end.answer(request).then(async (response) => {
            const text = await response.text();
            if (response.status >= 300) throw new Error(`${path}: ${response.status} ${text}`);
            return JSON.parse(text) as unknown;
          });
          void platform.hold(work).then(resolve, reject);
        });
      });
    },
    /** Somebody else's program writes into the database. */
    async write(text: string, values: readonly unknown[]): Promise<void> {
      const now = running;
      if (now === null) return;
      await new Promise<void>((resolve, reject) => {
        platform.enter(now.end.process, () => {
          void platform.hold(askDatabase(now.database)(text, values)).then(() => resolve(), reject);
        });
      });
    },
    /** A clean end. */
    async stop(): Promise<void> {
      if (running === null) return;
      const { cloud, database, end } = running;
      running = null;
      await new Promise<void>((resolve) => {
        platform.enter(end.process, () => {
          cloud.release();
          void platform.hold(cloud.stop().then(() => database.close())).then(resolve);
        });
      });
      platform.endProcess(end.process);
    },
  };
}
export type SimulatedCloud = ReturnType<typeof createSimulatedCloud>;

const askDatabase =
  ({ kysely }: Database): Query =>
  async (text, values) => {
    const { rows } = await kysely.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, [...values]));
    return rows;
  };

function makeConfig({ longPollMs, backupEveryMs }: CloudOptions): CloudConfig {
  const config = parseCloudConfig({ adminToken, port: 0, backupIntervalMs: backupEveryMs });
  if (!config.ok) throw new Error(JSON.stringify(config.failure));
  // Longer than any real one: an idle hour of five stations would else be all polls.
  return { ...config.value, longPollMs };
}

function tell({ level, event, ...rest }: LogEntry, onTrouble: (what: string) => void): void {
  if (level === "error") onTrouble(`the cloud's log: ${event} ${JSON.stringify(rest)}`);
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

let onStatementNow: () => void = () => undefined;
let isWatching = false;

/** A dead process says nothing more to its database, and hears nothing. */
function watchStatements(onStatement: () => void): void {
  onStatementNow = onStatement;
  if (isWatching) return;
  isWatching = true;
  const methods = PGlite.prototype;
  const exec = methods.execProtocolRawStream;
  methods.execProtocolRawStream = function (...args) {
    const process = currentProcess();
    if (process?.isAlive === true) onStatementNow();
    if (process !== null && !process.isAlive) return new Promise(() => undefined);
    return exec.apply(this, args);
  };
}
