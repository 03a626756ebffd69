import { join } from "node:path";
import { mkdirSync } from "node:fs";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { SessionEvent } from "@waystation/shared/session/events";
import type { LinkView } from "@waystation/shared/session/view";
import { createCrashPoints } from "../config/crash-points.ts";
import type { EngineConfig } from "../config/engine-config.ts";
import { epochMs } from "../config/epoch-clock.ts";
import type { CoreInput, CoreOutput, CoreStatus } from "../core/messages.ts";
import type { ComposedLabel } from "../label/composed-label.ts";
import type { LabelRequest } from "../replica/read-label.ts";
import type { ReplicaInput, ReplicaOutput } from "../replica/messages.ts";
import { createAsks } from "./ask-thread.ts";
import { createDevices, type Devices } from "./devices.ts";
import { performEffect } from "./perform-effect.ts";
import { type StationRpc, serveStationRpc } from "./rpc.ts";
import { startThread, type Thread } from "./start-thread.ts";
import { createStationRouter } from "./station-router.ts";
import { createUpkeep } from "./upkeep.ts";
import { startUplink, type Uplink } from "./uplink.ts";
import { createViewFeed } from "./view-feed.ts";

export type Engine = {
  readonly url: string | null;
  readonly attachPort: StationRpc["attachPort"];
  readonly stop: () => Promise<void>;
};

export type EngineDeps = { readonly appVersion: string; readonly onFatal: (error: unknown) => void };

/** Opens the two files, starts the three threads, connects the devices, and only then lets a screen in. */
export async function startEngine(config: EngineConfig, deps: EngineDeps): Promise<Result<Engine>> {
  mkdirSync(config.dataDir, { recursive: true });
  const paths = {
    factsPath: join(config.dataDir, "facts.db"),
    ordersPath: join(config.dataDir, "orders.db"),
  };
  const asks = createAsks();
  const replica = startThread<ReplicaInput, ReplicaOutput>(
    new URL("../replica/replica-worker.ts", import.meta.url),
    { ...paths, cloud: config.cloud ?? null },
    deps.onFatal,
  );
  const ready = await firstMessage(replica, "ready");
  const core = startThread<CoreInput, CoreOutput>(
    new URL("../core/core-worker.ts", import.meta.url),
    { config, ...paths, appVersion: deps.appVersion },
    deps.onFatal,
  );
  const started = await firstMessage(core, "started");
  const link = createLink(config, started.status, ready.ordersVisible);
  const crash = createCrashPoints(config.crashAt);
  const devices = createDevices(config, {
    onEvent: (laneId, event, atMs) => core.post({ kind: "event", laneId, event, atMs }),
    onPrinter: (printerId, isReady, odometer) =>
      core.post({
        kind: "printer",
        printerId,
        ready: isReady,
        ...(odometer === undefined ? {} : { odometer }),
      }),
    onView: (view) => feed.publish({ devices: [view] }),
    upkeepOf: (deviceId) => upkeep.view(deviceId),
    onMark: (deviceId, sequence) => core.post({ kind: "mark", deviceId, sequence }),
    onWrite: crash,
  });
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

  const uplink =
    config.cloud === undefined
      ? null
      : startStationUplink(config, config.cloud, started.status, { core, replica, asks, link });
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
      case "lanes":
        if (message.lanes.length > 0) feed.publish({ lanes: [...message.lanes] });
        link.recorded(message.recorded);
        return uplink?.notify(message.recorded);
      case "reply":
        return asks.answer(message.requestId, message.failure);
      case "status":
        return asks.answer(message.requestId, message.status);
      case "taken":
        return devices.value.sorter(message.deviceId).acknowledge?.(message.sequence);
      case "upkeep":
        return upkeep.learn(message.records);
      case "started":
      case "stopped":
        return;
    }
  });
  replica.onMessage((message) =>
    takeFromReplica(message, { core, asks, link, uplink, logId: started.status.logId }),
  );
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
  devices.value.start();
  upkeep.start();
  for (const effect of started.effects) performEffect(effect, effectDeps);
  return succeed({
    url: rpc.value.url,
    attachPort: rpc.value.attachPort,
    stop: () => {
      upkeep.stop();
      return stopEngine(rpc.value, devices.value, uplink, core, replica);
    },
  });
}

/** The screen first, then the hands, then the memory. */
async function stopEngine(
  rpc: StationRpc,
  devices: Devices,
  uplink: Uplink | null,
  core: Thread<CoreInput, CoreOutput>,
  replica: Thread<ReplicaInput, ReplicaOutput>,
): Promise<void> {
  await rpc.close();
  await devices.stop();
  uplink?.stop();
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
  readonly replica: Thread<ReplicaInput, ReplicaOutput>;
  readonly asks: ReturnType<typeof createAsks>;
  readonly link: Link;
};

function startStationUplink(
  config: EngineConfig,
  cloud: { url: string; token: string },
  status: CoreStatus,
  { core, replica, asks, link }: Wiring,
): Uplink {
  return startUplink(
    {
      ...cloud,
      stationId: config.stationId,
      logId: status.logId,
      readFacts: (above, limit) =>
        asks.ask<readonly StoredFact[]>((requestId) =>
          replica.post({ kind: "read-facts", requestId, above, limit }),
        ),
      onAcknowledged: (reply) => {
        core.post({ kind: "acknowledged", ...reply });
        link.acknowledged(reply.receivedThrough);
      },
      onLink: link.set,
    },
    { acknowledged: status.acknowledged.receivedThrough, recorded: status.recorded },
  );
}

function takeFromReplica(
  message: ReplicaOutput,
  deps: Omit<Wiring, "replica"> & { readonly uplink: Uplink | null; readonly logId: string },
): void {
  switch (message.kind) {
    case "label":
      return deps.asks.answer(message.requestId, message.label);
    case "facts":
      return deps.asks.answer(message.requestId, message.facts);
    case "settings":
      return deps.core.post({ kind: "reload" });
    case "orders":
    case "ready":
      return deps.link.orders(message.ordersVisible);
    case "link":
      deps.link.set(message.failure);
      return message.failure === null ? deps.uplink?.hurry() : undefined;
    case "acknowledged": {
      const { logId, receivedThrough, durableThrough } = message.acknowledgement;
      if (logId === deps.logId) deps.core.post({ kind: "acknowledged", receivedThrough, durableThrough });
      return;
    }
  }
}

type Link = ReturnType<typeof createLink>;

/** What the screen says of the cloud; published at most a few times a second. */
function createLink(config: EngineConfig, status: CoreStatus, ordersVisible: number) {
  let view: LinkView = {
    cloud: "offline",
    failure: config.cloud === undefined ? { code: "cloud.unreachable", details: {} } : null,
    factsRecorded: status.recorded,
    factsAcknowledged: status.acknowledged.receivedThrough,
    ordersVisible,
  };
  let listener: (view: LinkView) => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  const publishEveryMs = 200;
  function change(changes: Partial<LinkView>): void {
    view = { ...view, ...changes };
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      listener(view);
    }, publishEveryMs).unref();
  }
  return {
    view: () => view,
    onChange(next: (view: LinkView) => void): void {
      listener = next;
    },
    recorded: (factsRecorded: number) => change({ factsRecorded }),
    acknowledged: (factsAcknowledged: number) => change({ factsAcknowledged }),
    orders: (visible: number) => change({ ordersVisible: visible }),
    set: (failure: Failure | null) => {
      if (failure === null && view.cloud === "online") return;
      const cloud =
        failure === null ? "online" : failure.code === "cloud.unreachable" ? "offline" : "refused";
      change({
        cloud,
        failure:
          failure === null
            ? null
            : {
                code: failure.code,
                details: { ...failure.details },
                ...(failure.cause === undefined ? {} : { cause: failure.cause }),
              },
      });
    },
  };
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
