import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { TwinEvent } from "@waystation/drivers/twins/twin";
import type { SessionEvent } from "@waystation/shared/session/events";
import type { LaneView } from "@waystation/shared/session/view";
import { parseEngineConfig } from "../../engine/config/engine-config.ts";
import { epochMs } from "../../engine/config/epoch-clock.ts";
import type { CoreInput, CoreOutput } from "../../engine/core/messages.ts";
import { enrol } from "../../engine/edge/enrol.ts";
import { type Engine, startEngine } from "../../engine/edge/engine.ts";
import { keyFileName, openKeyFile } from "../../engine/edge/station-key.ts";
import { cloudUrl } from "./cloud.ts";
import { type Layout, planStation } from "./layout.ts";
import type { Platform } from "./platform.ts";
import { currentProcess, SimulatedDeath, type SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { createThreads } from "./threads.ts";
import { startTwins } from "./twins.ts";

export type StationOptions = {
  readonly platform: Platform;
  readonly stationId: string;
  readonly dir: string;
  readonly layout: Layout;
  readonly random: Random;
  readonly sendEveryMs: number;
  readonly clockErrorMs: () => number;
  readonly freeBytes: () => number;
  /** The engine passes a named point; true: it dies there. */
  readonly onPoint: (point: string) => boolean;
  readonly onTrouble: (what: string) => void;
};

/** One line of what the devices themselves saw; read by the checker. */
export type TwinLine = { readonly event: string; readonly [key: string]: unknown };

trackDatabases();

/** The production engine with its twins; it can die anywhere, and is started again as the shell would. */
export async function createStation(options: StationOptions) {
  const { platform, stationId, random } = options;
  const dataDir = join(options.dir, stationId);
  mkdirSync(dataDir, { recursive: true });
  const paths = {
    facts: join(dataDir, "facts.db"),
    orders: join(dataDir, "orders.db"),
    key: join(dataDir, keyFileName),
  };
  const log: TwinLine[] = [];
  /** When a label with this on it last came out of the printer. */
  const labelledAtMs = new Map<string, number>();
  const lanes = new Map<string, LaneView>();
  let life: {
    readonly process: SimulatedProcess;
    engine: Engine | null;
    post: (message: CoreInput) => void;
  } | null = null;
  let deaths = 0;
  let isHeldDown = false;
  let reader: { readonly db: Database.Database; readonly last: Database.Statement } | null = null;
  let link = { recorded: 0 };
  let accepted: (parcelIndex: number) => void = () => undefined;

  const twins = await startTwins(platform, options.layout, {
    onSorter,
    onLabel: (format) => {
      const keys = [
        ...new Set(
          Buffer.from(format)
            .toString("latin1")
            .match(/WS\d{10}|YT\d{16}/g) ?? [],
        ),
      ];
      const atMs = platform.agenda.now();
      for (const key of keys) labelledAtMs.set(key, atMs);
      log.push({
        atMs,
        event: "label",
        printer: "printer",
        keys,
        committed: readCommitted(),
      });
    },
  });

  function onSorter({ event, parcelIndex, chute, result }: TwinEvent): void {
    const atMs = platform.agenda.now();
    if (event === "command")
      log.push({
        atMs,
        event: "divert",
        sorter: "sorter",
        parcelIndex,
        chute,
        accepted: result === 1,
        committed: readCommitted(),
      });
    if (event === "command" && result === 1) accepted(Number(parcelIndex));
    if (event === "confirm") log.push({ atMs, event: "landed", parcelIndex, chute });
    if (event === "lost") log.push({ atMs, event: "lost", parcelIndex });
  }

  /** What is durable at this moment, seen over a connection of its own. */
  function readCommitted(): { logId: string; sequence: number } | undefined {
    try {
      reader ??= openReader(paths.facts);
      return reader.last.get() as { logId: string; sequence: number };
    } catch {
      return undefined;
    }
  }

  function watchTaken(ring: number, line: { told: boolean }, looks: number): void {
    platform.after(5000, () => {
      const { acknowledged, lastEventSequence } = twins.sorter.state();
      if (lastEventSequence - ring >= 14 || looks > 100) return;
      if (acknowledged >= ring) line.told = true;
      else watchTaken(ring, line, looks + 1);
    });
  }

  function forgetReader(): void {
    reader?.db.close();
    reader = null;
  }

  function begin(): void {
    // Whoever else wanted it started has done so; and nobody starts it while its files are being changed.
    if (life !== null || isHeldDown) return;
    forgetReader();
    const owner: SimulatedProcess = {
      name: stationId,
      isAlive: true,
      clockErrorMs: options.clockErrorMs,
      bornErrorMs: options.clockErrorMs(),
      freeBytes: options.freeBytes,
      random,
      onFatal: (error) => {
        options.onTrouble(`the engine ended: ${describe(error)}`);
        die(owner);
        platform.after(1000, begin);
      },
      onEnd: new Set(),
      databases: new Set(),
    };
    const mine = { process: owner, engine: null as Engine | null, post: (_: CoreInput): void => undefined };
    life = mine;
    const crash = (point: string): void => {
      if (!owner.isAlive) throw new SimulatedDeath(point);
      if (!options.onPoint(point)) return;
      die(owner);
      throw new SimulatedDeath(point);
    };
    const config = parseEngineConfig(planStation({ ...options, dataDir, keyFile: paths.key }));
    if (!config.ok) throw new Error(JSON.stringify(config.failure));
    platform.enter(owner, () => {
      void startEngine(config.value, {
        appVersion: "1.0.0",
        onFatal: owner.onFatal,
        startThread: createThreads(platform, owner, {
          crash,
          onCore,
          onCorePost: (post) => (mine.post = post),
        }),
        openLine: (deviceId) => twins.lines[deviceId as keyof typeof twins.lines].openTransport(),
        crash,
      }).then((started) => {
        if (!started.ok) throw new Error(JSON.stringify(started.failure));
        mine.engine = started.value;
      });
    });
  }

  function onCore(message: CoreOutput): void {
    if (message.kind === "lanes") link = { recorded: message.recorded };
    if (message.kind === "started" || message.kind === "lanes")
      for (const lane of message.lanes) lanes.set(lane.laneId, lane);
  }

  function die(owner: SimulatedProcess): void {
    if (life?.process !== owner) return;
    life = null;
    deaths += 1;
    lanes.clear();
    platform.endProcess(owner);
  }

  return {
    stationId,
    paths,
    dataDir,
    twins,
    log,
    labelledAtMs: (key: string): number | undefined => labelledAtMs.get(key),
    begin,
    /** Told when the sorter has taken a command. */
    onAccepted: (listener: (parcelIndex: number) => void): void => {
      accepted = listener;
    },
    /** A parcel passes the trigger. The sorter keeps its last fifteen events until the station has taken them. */
    induct(parcelIndex: number): void {
      void twins.sorter.control({ command: "induct", parcelIndex });
      const ring = twins.sorter.state().lastEventSequence;
      const line = { event: "inducted", parcelIndex, told: false };
      log.push(line);
      watchTaken(ring, line, 0);
    },
    forgetReader,
    deaths: () => deaths,
    isUp: () => life !== null && life.engine !== null,
    recorded: () => link.recorded,
    readCommitted,
    lane: (laneId: string): LaneView | undefined => lanes.get(laneId),
    /** Down for so long, whoever else wants it up; then it is started. */
    holdDown(forMs: number, change: () => void): void {
      if (life !== null) die(life.process);
      isHeldDown = true;
      platform.after(1, change);
      platform.after(Math.max(2, forMs), () => {
        isHeldDown = false;
        forgetReader();
        begin();
      });
    },
    isHeldDown: () => isHeldDown,
    /** Ends the engine at once. */
    kill(): void {
      if (life !== null) die(life.process);
    },
    /** What a person does at the screen. */
    command(laneId: string, event: SessionEvent): void {
      const now = life;
      if (now === null) return;
      platform.enter(now.process, () => now.post({ kind: "event", laneId, event, atMs: epochMs() }));
    },
    /** Spends the code an administrator gave. */
    async enrol(code: string): Promise<void> {
      const owner: SimulatedProcess = { ...nobody(options), name: stationId };
      const work = new Promise<void>((resolve, reject) => {
        platform.enter(owner, () => {
          const keys = openKeyFile(paths.key);
          const settled = enrol({
            cloudUrl,
            code,
            keys,
            appVersion: "1.0.0",
            replace: false,
            stationInFolder: null,
          });
          void settled.then((done) =>
            done.ok ? resolve() : reject(new Error(JSON.stringify(done.failure))),
          );
        });
      });
      await work;
    },
    /** A clean end, as the shell asks for it. */
    stop(): Promise<void> {
      const now = life;
      if (now === null || now.engine === null) return Promise.resolve();
      const { engine, process } = now;
      return new Promise((resolve) => {
        platform.enter(process, () => {
          void engine.stop().then(() => {
            life = null;
            platform.endProcess(process);
            resolve();
          });
        });
      });
    },
  };
}
export type Station = Awaited<ReturnType<typeof createStation>>;

const nobody = ({ clockErrorMs, random, onTrouble }: StationOptions): SimulatedProcess => ({
  name: "nobody",
  isAlive: true,
  clockErrorMs,
  bornErrorMs: clockErrorMs(),
  random,
  onFatal: (error) => onTrouble(describe(error)),
  onEnd: new Set(),
  databases: new Set(),
});

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

function openReader(path: string) {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  const last = db.prepare(
    "SELECT log_id AS logId, (SELECT coalesce(max(sequence), 0) FROM facts) AS sequence FROM log",
  );
  return { db, last };
}

/** Every file a process opens is closed when it dies. */
function trackDatabases(): void {
  const methods = Database.prototype as unknown as Record<"prepare", (...args: unknown[]) => unknown>;
  const { prepare } = methods;
  methods.prepare = function (this: Database.Database, ...args) {
    currentProcess()?.databases.add(this);
    return prepare.apply(this, args);
  };
}
