import type { CandidateOrder } from "@waystation/shared/decision/judge";
import type { FactDraft } from "@waystation/shared/facts/draft";
import { describeCause, type Failure } from "@waystation/shared/failures/result";
import {
  type Effect,
  labelJobId,
  type SessionContext,
  type SessionEvent,
} from "@waystation/shared/session/events";
import { createLane, type LaneProfile, type LaneState } from "@waystation/shared/session/state";
import { nextDeadline, step } from "@waystation/shared/session/step";
import { viewLane } from "@waystation/shared/session/view-lane";
import type { LaneView } from "@waystation/shared/session/view";
import { wireVersion } from "@waystation/shared/wire/cloud-http";
import { checkCommand } from "./check-command.ts";
import { createDecisionClock } from "./decision-clock.ts";
import type { CoreStatus } from "./messages.ts";
import type { OrderLookup } from "./order-lookup.ts";
import { createPrinterQueue } from "./printer-queue.ts";
import { isDiskFull, type Store } from "./store.ts";

export type CoreOptions = {
  readonly store: Store;
  readonly orders: OrderLookup;
  readonly lanes: readonly LaneProfile[];
  readonly appVersion: string;
  readonly nowMs: () => number;
  readonly mintId: () => string;
};

export type CoreResult = {
  readonly effects: readonly Effect[];
  readonly changedLanes: readonly string[];
  readonly failure: Failure | null;
};

/** well-again: a commit succeeded after others had failed. What came in between is lost, so the lanes must be built anew from the facts. */
export type DiskHealth = "well" | "full" | "well-again";

export type Core = ReturnType<typeof createCore>;

/**
 * Takes one input at a time: step, commit, and only then the effects. A worker thread runs it in the product; a
 * simulator calls it directly. Nothing here waits, and the only I/O is the store's.
 */
export function createCore(options: CoreOptions) {
  const { store, orders, nowMs } = options;
  const lanes = new Map(options.lanes.map((profile) => [profile.laneId, createLane(profile)]));
  const printers = createPrinterQueue();
  const decisions = createDecisionClock();
  let example: Example | null = null;
  let disk: DiskHealth = "well";
  let hasRoom = true;

  function findOrders(
    barcodes: readonly string[],
    exceptParcelId: string,
    pending: readonly FactDraft[],
  ): CandidateOrder[] {
    return orders.find(barcodes).map((found) => ({
      ...found,
      handledBefore:
        isUnderWay(found.order.orderId, exceptParcelId) ||
        isAcceptedIn(pending, found.order.orderId, exceptParcelId) ||
        store.isHandled(found.order.orderId, exceptParcelId),
    }));
  }

  /** Judged accepted and not yet ended; the table knows the others. */
  const isUnderWay = (orderId: string, exceptParcelId: string): boolean =>
    [...lanes.values()].some(({ parcels }) =>
      parcels.some(
        (parcel) =>
          parcel.parcelId !== exceptParcelId &&
          parcel.order?.orderId === orderId &&
          parcel.decision?.verdict === "accepted",
      ),
    );

  const contextAt = (atMs: number, pending: readonly FactDraft[]): SessionContext => ({
    atMs,
    mintParcelId: options.mintId,
    findOrders: (barcodes, except) => findOrders(barcodes, except, pending),
    findChannel: orders.findChannel,
    sortPlan: orders.sortPlan(),
  });

  /** Steps until nothing follows within the core, commits everything at once, and hands out the effects. */
  function run(first: { readonly laneId: string; readonly event: SessionEvent }, atMs: number): CoreResult {
    const facts: FactDraft[] = [];
    const effects: Effect[] = [];
    const changed = new Map<string, LaneState>();
    const queue = [first];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const state = changed.get(next.laneId) ?? lanes.get(next.laneId);
      if (state === undefined) continue;
      const result = step(state, next.event, contextAt(atMs, facts));
      if (result.state !== state) changed.set(next.laneId, result.state);
      facts.push(...result.facts);
      for (const effect of result.effects) {
        if (effect.kind === "reserve-printer") printers.reserve(effect.printerId, effect);
        else effects.push(effect);
      }
      queue.push(...grantPrinters(changed));
    }
    return finish(facts, effects, changed, atMs);
  }

  /** A reservation whose parcel has meanwhile gone elsewhere is passed over. */
  function grantPrinters(changed: ReadonlyMap<string, LaneState>): { laneId: string; event: SessionEvent }[] {
    for (let granted = printers.grant(); granted !== undefined; granted = printers.grant()) {
      const { printerId, reservation, odometer } = granted;
      const lane = changed.get(reservation.laneId) ?? lanes.get(reservation.laneId);
      const waits =
        lane?.parcels.some(
          ({ parcelId, phase }) => parcelId === reservation.parcelId && phase === "awaiting-printer",
        ) === true;
      if (!waits) continue;
      printers.occupy(printerId, labelJobId(reservation.parcelId));
      return [
        {
          laneId: reservation.laneId,
          event: { kind: "printer-granted", parcelId: reservation.parcelId, odometer },
        },
      ];
    }
    return [];
  }

  function finish(
    facts: readonly FactDraft[],
    effects: readonly Effect[],
    changed: ReadonlyMap<string, LaneState>,
    atMs: number,
  ): CoreResult {
    const failure = commit(facts);
    if (failure !== null) return { effects: [], changedLanes: faultLanes(changed, failure), failure };
    for (const [laneId, state] of changed) lanes.set(laneId, state);
    if (facts.some(({ name }) => name === "parcel.judged.v1")) decisions.add(nowMs() - atMs);
    return { effects, changedLanes: [...changed.keys()], failure: null };
  }

  /** A full disk is waited out; anything else the disk says is not survivable in place, so the process ends and replays. */
  function commit(facts: readonly FactDraft[]): Failure | null {
    try {
      store.commit(facts);
      if (disk === "full" && facts.length > 0) disk = "well-again";
      return null;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      disk = "full";
      return { code: "store.full", details: {}, cause: describeCause(error) };
    }
  }

  /** Nothing was recorded, so nothing happened: the lanes keep their state and say why they stand still. */
  function faultLanes(changed: ReadonlyMap<string, LaneState>, failure: Failure): string[] {
    for (const laneId of changed.keys()) {
      const lane = lanes.get(laneId);
      if (lane !== undefined) lanes.set(laneId, { ...lane, status: "faulted", stopReason: failure.code });
    }
    return [...changed.keys()];
  }

  /** What the last process left open: asked, not repeated. */
  function start(): CoreResult {
    store.commit([
      {
        name: "station.booted.v1",
        lane: null,
        parcelId: null,
        actor: { kind: "engine" },
        payload: { appVersion: options.appVersion, wireVersion },
      },
    ]);
    const recent = store.recentParcels([...lanes.keys()]);
    for (const [laneId, lane] of lanes) lanes.set(laneId, { ...lane, recent: recent.get(laneId) ?? [] });
    const effects: Effect[] = [];
    for (const { lane, ended, parcel } of store.openParcels()) {
      const state = lanes.get(lane);
      if (state === undefined) continue;
      const printerId = state.profile.devices.printer ?? "";
      if (parcel.label === "requested") printers.occupy(printerId, labelJobId(parcel.parcelId));
      if (ended)
        effects.push({
          kind: "resolve-print",
          laneId: lane,
          printerId,
          jobId: labelJobId(parcel.parcelId),
          odometerBefore: parcel.odometerBefore,
        });
      else effects.push(...run({ laneId: lane, event: { kind: "recovered", parcel } }, nowMs()).effects);
    }
    return { effects, changedLanes: [...lanes.keys()], failure: null };
  }

  function handle(laneId: string, event: SessionEvent, atMs: number): CoreResult {
    const state = lanes.get(laneId);
    if (state === undefined)
      return { effects: [], changedLanes: [], failure: { code: "lane.unknown", details: { laneId } } };
    const refused = (hasRoom ? null : checkRoom(state, event)) ?? checkCommand(state, event);
    if (refused !== null) return { effects: [], changedLanes: [], failure: refused };
    if (event.kind === "label-outcome") releasePrinter(event);
    const result = run({ laneId, event }, atMs);
    if (event.kind === "reading" && isBelt(state) && result.effects.length > 0)
      example = { state, event, atMs };
    return result;
  }

  /**
   * While a parcel is before a gate: the last verdict once more, with its lookup, its facts and its effects, and nothing
   * of it kept, so that code and data are near the processor when the next reading comes.
   * @returns the effects, which nobody may perform; null when no parcel is before a gate.
   */
  function rehearse(): readonly Effect[] | null {
    if (example === null || disk !== "well" || ![...lanes.values()].some(isBeforeGate)) return null;
    const { state, event, atMs } = example;
    const { facts, effects } = step(state, event, contextAt(atMs, []));
    // What concerns no parcel may be remembered beside the table.
    if (facts.some(({ parcelId }) => parcelId === null)) return effects;
    try {
      store.rehearse(facts);
    } catch (error) {
      // The next commit meets the full disk too, and it is the one that has something to lose.
      if (!isDiskFull(error)) throw error;
      return null;
    }
    return effects;
  }

  /**
   * Without room no new parcel is taken: the lanes stop as if somebody had stopped them, so what comes all the same goes
   * to the reject lane, and what is under way ends as usual. They go on by themselves, except where a person stopped one.
   */
  function setRoom(next: boolean): CoreResult {
    hasRoom = next;
    const event: SessionEvent = hasRoom
      ? { kind: "resumed", operatorId: null }
      : { kind: "stopped", reason: nearlyFull, operatorId: null };
    const results = [...lanes.values()]
      .filter(({ status, stopReason }) => (hasRoom ? stopReason === nearlyFull : status === "running"))
      .map(({ profile: { laneId } }) => run({ laneId, event }, nowMs()));
    return mergeResults(results);
  }

  /** What was done about a scale concerns no lane: recorded, and nothing else follows. */
  const recordUpkeep = (fact: FactDraft): Failure | null => commit([fact]);

  function releasePrinter({ jobId, result }: Extract<SessionEvent, { kind: "label-outcome" }>): void {
    // After an unknown job the counter is unknown too, until the printer is asked again.
    const odometer = {
      printed: result.outcome === "printed" ? result.odometer : null,
      failed: undefined,
      unknown: null,
    };
    printers.release(jobId, odometer[result.outcome], result.outcome === "printed");
  }

  /** Wakes the lanes whose parcels' time is up. */
  function tick(atMs: number): CoreResult {
    return mergeResults(
      [...lanes.values()]
        .filter((lane) => (nextDeadline(lane) ?? Infinity) <= atMs)
        .map((lane) => run({ laneId: lane.profile.laneId, event: { kind: "ticked" } }, atMs)),
    );
  }

  return {
    start,
    handle,
    rehearse,
    recordUpkeep,
    setRoom,
    upkeep: store.upkeep,
    tick,
    /** A printer that came back may have somebody waiting: any lane event will do to grant, so the first lane is ticked. */
    setPrinter(printerId: string, ready: boolean, odometer: number | null | undefined): CoreResult {
      printers.setReady(printerId, ready, odometer);
      const [firstLane] = lanes.keys();
      return ready && firstLane !== undefined
        ? run({ laneId: firstLane, event: { kind: "ticked" } }, nowMs())
        : { effects: [], changedLanes: [], failure: null };
    },
    nextDeadline: (): number | null =>
      [...lanes.values()]
        .map(nextDeadline)
        .reduce((least, at) => (at === null ? least : least === null ? at : Math.min(least, at)), null),
    viewLanes: (ids: readonly string[]): LaneView[] =>
      ids.flatMap((laneId) => lanes.get(laneId) ?? []).map(viewLane),
    disk: (): DiskHealth => disk,
    laneIds: (): string[] => [...lanes.keys()],
    status: (): CoreStatus => ({
      logId: store.logId,
      bootId: store.bootId,
      recorded: store.lastSequence(),
      acknowledged: store.acknowledged(),
      decisionMs: decisions.read(),
      formerLogs: store.formerLogs(),
    }),
  };
}

/** A lane, and the reading that then led to a verdict. */
type Example = { readonly state: LaneState; readonly event: SessionEvent; readonly atMs: number };

const isBelt = ({ profile }: LaneState): boolean => profile.kind === "belt";

const isBeforeGate = (lane: LaneState): boolean =>
  isBelt(lane) && lane.parcels.some(({ phase }) => phase === "gathering");

const nearlyFull = "store.nearly-full";

/** A person who starts a parcel or a lane hears why not; devices are never refused. */
const checkRoom = (state: LaneState, event: SessionEvent): Failure | null =>
  state.stopReason === nearlyFull &&
  (event.kind === "resumed" ||
    (event.kind === "manual-barcode" && event.parcelId === null) ||
    (event.kind === "reading" && event.deviceId === "wedge"))
    ? { code: nearlyFull, details: {} }
    : null;

const mergeResults = (results: readonly CoreResult[]): CoreResult => ({
  effects: results.flatMap(({ effects }) => effects),
  changedLanes: results.flatMap(({ changedLanes }) => changedLanes),
  failure: results.find(({ failure }) => failure !== null)?.failure ?? null,
});

/** Within one step two parcels of one order could be judged before either is in the table. */
const isAcceptedIn = (facts: readonly FactDraft[], orderId: string, exceptParcelId: string): boolean =>
  facts.some(
    (fact) =>
      fact.name === "parcel.judged.v1" &&
      fact.parcelId !== exceptParcelId &&
      fact.payload.orderId === orderId &&
      fact.payload.verdict === "accepted",
  );
