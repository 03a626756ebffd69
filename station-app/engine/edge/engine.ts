import { dirname, join } from "node:path";
import { mkdirSync } from "node:fs";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { SessionEvent } from "@waystation/shared/session/events";
import { type CrashPoints, createCrashPoints } from "../config/crash-points.ts";
import type { EngineConfig } from "../config/engine-config.ts";
import { epochMs } from "../config/epoch-clock.ts";
import type { CoreInput, CoreOutput, CoreStatus } from "../core/messages.ts";
import type { ComposedLabel } from "../label/composed-label.ts";
import type { LabelRequest } from "../replica/read-label.ts";
import type { ReplicaInput, ReplicaOutput } from "../replica/messages.ts";
import { createAsks } from "./ask-thread.ts";
import { type CloudLink, checkIdentity, startCloudLink } from "./cloud-link.ts";
import { createDevices, type DeviceEvents, type Devices, type OpenLine } from "./devices.ts";
import { describeFormerLogs } from "./describe-former-logs.ts";
import { describeRoom, readFreeBytes, startDiskWatch } from "./disk-watch.ts";
import { createLink, type Link } from "./link-view.ts";
import { performEffect } from "./perform-effect.ts";
import { createRehearsal } from "./rehearsal.ts";
import { type StationRpc, serveStationRpc } from "./rpc.ts";
import { startThread, type Thread } from "./start-thread.ts";
import { createStationRouter } from "./station-router.ts";
import { createUpkeep } from "./upkeep.ts";
import { createViewFeed } from "./view-feed.ts";

export type Engine = {
  readonly url: string | null;
  readonly attachPort: StationRpc["attachPort"];
  readonly stop: () => Promise<void>;
};

export type EngineDeps = {
  readonly appVersion: string;
  readonly onFatal: (error: unknown) => void;
  /** What the simulator puts in place of worker threads, of the lines to the devices, and of the moments of death. */
  readonly startThread?: typeof startThread;
  readonly openLine?: OpenLine;
  readonly crash?: CrashPoints;
};

/** Opens the two files, starts the three threads, connects the devices, and only then lets a screen in. */
export async function startEngine(config: EngineConfig, deps: EngineDeps): Promise<Result<Engine>> {
  mkdirSync(config.dataDir, { recursive: true });
  const paths = {
    factsPath: join(config.dataDir, "facts.db"),
    ordersPath: join(config.dataDir, "orders.db"),
  };
  const identity = await checkIdentity(config);
  if (!identity.ok) return identity;
  const asks = createAsks();
  const start = deps.startThread ?? startThread;
  const replica = start<ReplicaInput, ReplicaOutput>(
    new URL("../replica/replica-worker.ts", import.meta.url),
    { ...paths, cloud: config.cloud ?? null },
    deps.onFatal,
  );
  const ready = await firstMessage(replica, "ready");
  const core = start<CoreInput, CoreOutput>(
    new URL("../core/core-worker.ts", import.meta.url),
    { config, ...paths, ordersPath: ready.ordersPath, appVersion: deps.appVersion },
    deps.onFatal,
  );
  const started = await firstMessage(core, "started");
  const link = createLink({
    hasCloud: config.cloud !== undefined,
    recorded: started.status.recorded,
    acknowledged: started.status.acknowledged.receivedThrough,
    ordersVisible: ready.ordersVisible,
    nowMs: Date.now,
  });
  link.ordersTrouble(ready.trouble);
  const disk = startDiskWatch({
    limits: config.disk,
    readFree: () => readFreeBytes(dirname(paths.factsPath)),
    onChange: (state) => {
      core.post({ kind: "room", hasRoom: state.room !== "none", hurry: state.room !== "enough" });
      link.notices([...describeRoom(state, config.disk), ...describeFormerLogs(started.status)]);
    },
  });
  link.notices(describeFormerLogs(started.status));
  const crash = deps.crash ?? createCrashPoints(config.crashAt);
  const rehearsal = createRehearsal({
    everyMs: config.rehearseEveryMs,
    rehearse: (event) => {
      if (devices.ok) devices.value.rehearseReading(event.deviceId);
      core.post({ kind: "rehearse", event });
    },
  });
  const deviceEvents: DeviceEvents = {
    onEvent: (laneId, event, atMs) => {
      core.post({ kind: "event", laneId, event, atMs });
      rehearsal.note(event);
    },
    onPrinter: (printerId, isReady, odometer) =>
      core.post({
        kind: "printer",
        printerId,
        ready: isReady,
        ...(odometer === undefined ? {} : { odometer }),
      }),
    onView: (view) => {
      feed.publish({ devices: [view] });
      cloud?.look();
    },
    upkeepOf: (deviceId) => upkeep.view(deviceId),
    onMark: (deviceId, sequence) => core.post({ kind: "mark", deviceId, sequence }),
    onWrite: crash,
  };
  const devices = createDevices(config, deviceEvents, deps.openLine);
  const upkeep = createUpkeep({
    config,
    records: started.upkeep,
    nowMs: Date.now,
    weigh: (deviceId) =>
      devices.ok
        ? devices.value.scale(deviceId).requestWeight(config.weighTimeoutMs)
        : Promise.resolve(devices),
    recordFact: (fact) =>
      asks.ask<Failure | null>((requestId) => core.post({ kind: "upkeep", fact, requestId })),
    onChange: (deviceId) => devices.ok && feed.publish({ devices: [devices.value.view(deviceId)] }),
  });
  if (!devices.ok) {
    await stopThreads(core, replica);
    return devices;
  }
  const feed = createViewFeed({
    stationId: config.stationId,
    bootId: started.status.bootId,
    lanes: [...started.lanes],
    devices: devices.value.views(),
    link: link.view(),
  });
  link.onChange((view) => feed.publish({ link: view }));

  const cloud =
    config.cloud === undefined
      ? null
      : startCloudLink(config.cloud, {
          config,
          appVersion: deps.appVersion,
          factsPath: paths.factsPath,
          status: started.status,
          core,
          replica,
          asks,
          link,
          view: feed.current,
        });
  const effectDeps = {
    devices: devices.value,
    composeLabel: (request: LabelRequest) =>
      asks.ask<Result<ComposedLabel>>((requestId) =>
        replica.post({ kind: "compose-label", requestId, ...request }),
      ),
    onOutcome: (laneId: string, event: SessionEvent) =>
      core.post({ kind: "event", laneId, event, atMs: epochMs() }),
    labelTimeoutMs: config.labelTimeoutMs,
    weighTimeoutMs: config.weighTimeoutMs,
    crash,
  };
  core.onMessage((message) => {
    switch (message.kind) {
      case "effects":
        for (const effect of message.effects) performEffect(effect, effectDeps);
        return;
      case "rehearsed":
        return rehearsal.answered(message.effects !== null);
      case "lanes":
        if (message.lanes.length > 0) feed.publish({ lanes: [...message.lanes] });
        link.recorded(message.recorded);
        cloud?.look();
        return cloud?.notify(message.recorded);
      case "reply":
        return asks.answer(message.requestId, message.failure);
      case "status":
        return asks.answer(message.requestId, message.status);
      case "taken":
        return devices.value.sorter(message.deviceId).acknowledge?.(message.sequence);
      case "upkeep":
        return upkeep.learn(message.records);
      case "orders-file-open":
      case "orders-damaged":
        return replica.post(message);
      case "started":
      case "stopped":
        return;
    }
  });
  replica.onMessage((message) => takeFromReplica(message, { core, asks, link, cloud }));
  // What the replica said while nobody listened yet may have been new channels.
  core.post({ kind: "reload" });

  const router = createStationRouter({
    stationId: config.stationId,
    appVersion: deps.appVersion,
    feed,
    command: (laneId, event) =>
      asks.ask<Failure | null>((requestId) =>
        core.post({ kind: "event", laneId, event, atMs: epochMs(), requestId }),
      ),
    upkeep,
    status: () => asks.ask<CoreStatus>((requestId) => core.post({ kind: "status", requestId })),
  });
  const rpc = await serveStationRpc(
    config.screen === undefined ? { router } : { router, http: config.screen },
  );
  if (!rpc.ok) {
    await stopThreads(core, replica);
    return rpc;
  }
  // Known before the first parcel comes.
  await disk.look();
  devices.value.start();
  upkeep.start();
  for (const effect of started.effects) performEffect(effect, effectDeps);
  return succeed({
    url: rpc.value.url,
    attachPort: rpc.value.attachPort,
    stop: () => {
      rehearsal.stop();
      upkeep.stop();
      disk.stop();
      return stopEngine(rpc.value, devices.value, cloud, core, replica);
    },
  });
}

/** The screen first, then the hands, then the memory. */
async function stopEngine(
  rpc: StationRpc,
  devices: Devices,
  cloud: CloudLink | null,
  core: Thread<CoreInput, CoreOutput>,
  replica: Thread<ReplicaInput, ReplicaOutput>,
): Promise<void> {
  await rpc.close();
  await devices.stop();
  cloud?.stop();
  await stopThreads(core, replica);
}

async function stopThreads(
  core: Thread<CoreInput, CoreOutput>,
  replica: Thread<ReplicaInput, ReplicaOutput>,
): Promise<void> {
  core.post({ kind: "stop" });
  await core.ended;
  replica.post({ kind: "stop" });
  await replica.ended;
}

type Wiring = {
  readonly core: Thread<CoreInput, CoreOutput>;
  readonly asks: ReturnType<typeof createAsks>;
  readonly link: Link;
  readonly cloud: CloudLink | null;
};

function takeFromReplica(message: ReplicaOutput, deps: Wiring): void {
  switch (message.kind) {
    case "label":
      return deps.asks.answer(message.requestId, message.label);
    case "facts":
      return deps.asks.answer(message.requestId, message.facts);
    case "settings":
      return deps.core.post({ kind: "reload" });
    case "orders-file":
      return deps.core.post(message);
    case "orders-trouble":
      return deps.link.ordersTrouble(message.failure);
    case "orders":
    case "ready":
      return deps.link.orders(message.ordersVisible);
    case "token-refused":
    case "link":
    case "acknowledged":
    case "acknowledgements":
      return deps.cloud?.take(message);
  }
}

function firstMessage<Out extends { kind: string }, K extends Out["kind"]>(
  thread: { onMessage: (listener: (message: Out) => void) => void; ended: Promise<number> },
  kind: K,
): Promise<Extract<Out, { kind: K }>> {
  return new Promise((resolve, reject) => {
    thread.onMessage((message) => {
      if (message.kind === kind) resolve(message as Extract<Out, { kind: K }>);
    });
    void thread.ended.then((code) =>
      reject(new Error(`a thread ended with code ${code} before it was ready`)),
    );
  });
}

/** A start that failed on a bug or a damaged file, as data for whoever started the engine. */
export const describeStartFailure = (error: unknown): Failure =>
  fail("store.damaged", { reason: error instanceof Error ? error.message : String(error) }).failure;
