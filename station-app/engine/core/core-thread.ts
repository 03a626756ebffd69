import type { Effect } from "@waystation/shared/session/events";
import { type CrashPoints, createCrashPoints } from "../config/crash-points.ts";
import type { EngineConfig } from "../config/engine-config.ts";
import { epochMs } from "../config/epoch-clock.ts";
import { openOrderLookup } from "./order-lookup.ts";
import { createCore, type CoreResult } from "./core.ts";
import type { ThreadPort } from "../config/thread-port.ts";
import type { CoreInput, CoreOutput } from "./messages.ts";
import { isFactsDamage, markDamaged, salvageIfDamaged, saveIdentity } from "./salvage.ts";
import { isDiskFull, openStore, systemSources } from "./store.ts";

export type CoreWorkerData = {
  readonly config: EngineConfig;
  readonly factsPath: string;
  readonly ordersPath: string;
  readonly appVersion: string;
};

/** The core thread: one message in, effects out. Views follow at most every `viewEveryMs`, so that a screen never slows a parcel. */
const viewEveryMs = 40;
/** Long enough without input to move the WAL into the file without anybody waiting for it. */
const quietMs = 250;
/** So long when there is little to move: pages that the next parcels change again are moved once for all of them. */
const stillMs = 60_000;
const commitsWorthMoving = 50;
/** On a line that is never quiet: before the WAL outgrows the size it was given, for growing costs twice as much as overwriting. */
const commitsPerCheckpoint = 300;
/** What is walked, pruned and carried between two looks at the inbox: a few milliseconds together. */
const factsPerWalk = 200;
const factsPerPrune = 250;
const factsPerCarry = 50;
/** How long a deadline that could not be recorded waits before it is tried again. */
const fullDiskMs = 500;

/** @param crash where the simulator ends this engine; else what the configuration says. */
export function runCoreThread(
  port: ThreadPort<CoreInput, CoreOutput>,
  data: CoreWorkerData,
  crash: CrashPoints = createCrashPoints(data.config.crashAt),
): void {
  const { config } = data;
  const sources = systemSources();
  salvageIfDamaged(data.factsPath, config.stationId, sources, crash);
  const store = openFacts();
  const keepRules = {
    keepMs: config.disk.keepDays * 86_400_000,
    factsPerStep: factsPerPrune,
    ordersKept: config.disk.handledOrders,
    budgetBytes: config.disk.factsMegabytes * 1e6,
  };
  let hurry = false;
  const orders = openOrderLookup(data.ordersPath, config.rejectChute, (path, reason) =>
    // After the start, when somebody listens.
    setImmediate(() => post({ kind: "orders-damaged", path, reason })),
  );
  const core = createCore({
    store,
    orders,
    lanes: config.lanes,
    appVersion: data.appVersion,
    nowMs: epochMs,
    mintId: sources.mintId,
  });

  function openFacts() {
    const opened = openStore(data.factsPath, config.stationId, sources, crash);
    saveIdentity(data.factsPath, { stationId: opened.stationId, logId: opened.logId });
    return opened;
  }

  const changed = new Set<string>();
  let toldThrough = 0;
  let viewTimer: NodeJS.Timeout | undefined;
  let quietTimer: NodeJS.Timeout | undefined;
  let restDelayMs = 0;
  /** Nothing is left of what could wait. */
  let isTidy = false;
  let deadlineTimer: NodeJS.Timeout | undefined;
  let deadlineAtMs: number | null = null;
  let commits = 0;

  const post = (message: CoreOutput): void => port.postMessage(message);

  function publishViews(): void {
    viewTimer = undefined;
    toldThrough = store.lastSequence();
    post({ kind: "lanes", lanes: core.viewLanes([...changed]), recorded: toldThrough });
    changed.clear();
  }

  function send(result: CoreResult): void {
    if (result.effects.length > 0) post({ kind: "effects", effects: result.effects as Effect[] });
    for (const laneId of result.changedLanes) changed.add(laneId);
    // A fact that no lane shows, of a parcel that has gone or of a device, has to be sent up as well.
    if (changed.size > 0 || store.lastSequence() > toldThrough)
      viewTimer ??= setTimeout(publishViews, viewEveryMs);
    commits += 1;
    if (core.disk() === "well-again") setImmediate(startOver);
    else armTimers();
  }

  /** The process ends and is started again, and every device is asked what became of the parcels. */
  function startOver(): never {
    throw new Error("the disk has room again, but inputs were lost while it was full");
  }

  function armTimers(): void {
    const next = core.nextDeadline();
    if (next !== deadlineAtMs) {
      deadlineAtMs = next;
      clearTimeout(deadlineTimer);
      if (next !== null)
        deadlineTimer = setTimeout(
          guarded(expire),
          Math.max(core.disk() === "full" ? fullDiskMs : 0, next - epochMs()) + 1,
        );
    }
    restAfter(isTidy && commits < commitsWorthMoving ? stillMs : quietMs);
    if (commits >= commitsPerCheckpoint) settle();
  }

  function expire(): void {
    deadlineAtMs = null;
    send(core.tick(epochMs()));
  }

  function settle(): void {
    commits = 0;
    store.checkpoint();
  }

  /** From now on; an input begins the waiting anew. */
  function restAfter(delayMs: number): void {
    if (quietTimer === undefined || delayMs !== restDelayMs) {
      clearTimeout(quietTimer);
      quietTimer = setTimeout(guarded(rest), delayMs);
      restDelayMs = delayMs;
    } else quietTimer.refresh();
  }

  function rest(): void {
    settle();
    if (core.disk() !== "well") return;
    isTidy = !tidy();
    if (!isTidy) restAfter(quietMs);
  }

  /** A few milliseconds of what can wait. @returns whether there is more of it. */
  function tidy(): boolean {
    const trouble = store.walk(factsPerWalk);
    if (trouble !== null) setFactsAside(trouble);
    try {
      const carried = store.carryFormer(factsPerCarry);
      // The edge hears of new facts with the views.
      if (carried) viewTimer ??= setTimeout(publishViews, viewEveryMs);
      const pruned = store.prune(sources.monotonicMs(), { ...keepRules, hurry });
      return carried || pruned > 0 || !store.walked();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return false;
    }
  }

  function setFactsAside(reason: string): never {
    markDamaged(data.factsPath, reason, sources.nowMs());
    throw new Error(`facts.db is damaged: ${reason}`);
  }

  /** What the file can no longer say ends the engine; its next start sets the file aside and saves what it can. */
  function guarded<Args extends readonly unknown[]>(act: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        act(...args);
      } catch (error) {
        if (isFactsDamage(error)) setFactsAside(String(error));
        throw error;
      }
    };
  }

  function take(message: CoreInput): void {
    switch (message.kind) {
      case "event": {
        const result = core.handle(message.laneId, message.event, message.atMs);
        send(result);
        if (message.requestId !== undefined)
          post({ kind: "reply", requestId: message.requestId, failure: result.failure });
        return;
      }
      case "rehearse":
        return post({ kind: "rehearsed", effects: core.rehearse() });
      case "mark":
        // while nothing can be recorded the sorter keeps its events; the next start hears them again
        if (core.disk() === "well") post({ ...message, kind: "taken" });
        return;
      case "upkeep": {
        const failure = core.recordUpkeep(message.fact);
        if (failure === null) post({ kind: "upkeep", records: core.upkeep() });
        send({ effects: [], changedLanes: [], failure });
        return post({ kind: "reply", requestId: message.requestId, failure });
      }
      case "printer":
        return send(core.setPrinter(message.printerId, message.ready, message.odometer));
      case "reload":
        return orders.reload();
      case "orders-file":
        return orders.reopen(message.path)
          ? post({ kind: "orders-file-open", path: message.path })
          : undefined;
      case "acknowledged":
        return store.saveAcknowledged(message);
      case "former-acknowledged":
        return store.saveFormerReceived(message.logId, message);
      case "former-settled":
        store.settleFormer(message.logId, message.through);
        return armTimers();
      case "room":
        hurry = message.hurry;
        if (hurry) isTidy = false;
        return send(core.setRoom(message.hasRoom));
      case "status":
        return post({ kind: "status", requestId: message.requestId, status: core.status() });
      case "stop":
        for (const timer of [viewTimer, quietTimer, deadlineTimer]) clearTimeout(timer);
        store.checkpoint();
        store.close();
        orders.close();
        post({ kind: "stopped" });
        port.close();
    }
  }

  const started = core.start();
  const status = core.status();
  toldThrough = status.recorded;
  post({
    kind: "started",
    status,
    lanes: core.viewLanes(core.laneIds()),
    effects: started.effects,
    upkeep: core.upkeep(),
  });
  armTimers();
  port.on("message", guarded(take));
}
