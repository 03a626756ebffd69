import { makeReason } from "../decision/reasons.ts";
import { unreachable } from "../failures/assert.ts";
import type { ScanReading, SizeReading, WeightReading } from "../model/reading.ts";
import { type Binding, bindReading } from "./bind-reading.ts";
import { parcelIdOf, type SessionContext, type SessionEvent, type StepResult } from "./events.ts";
import { doubt, induct, judgeWhenComplete, takeBarcode, takeReading } from "./gather.ts";
import { recoverParcel } from "./recover.ts";
import type { LaneState, ParcelInFlight } from "./state.ts";
import { applyToParcel, recordLabelOutcome } from "./transitions.ts";
import {
  byDevice,
  byOperator,
  change,
  closeTurn,
  engine,
  findByIndex,
  findParcel,
  openTurn,
  perform,
  record,
  type Turn,
} from "./turn.ts";

/**
 * One event on one lane: the state it leads to, the facts to make durable, and the effects to perform after
 * that. Pure: the same state, event and context always give the same result. Never throws on any event.
 */
export function step(state: LaneState, event: SessionEvent, context: SessionContext): StepResult {
  const turn = openTurn(state, context);
  dispatch(turn, event);
  return closeTurn(turn);
}

function dispatch(turn: Turn, event: SessionEvent): void {
  switch (event.kind) {
    case "inducted":
      return inductByTrigger(turn, event);
    case "reading":
      return takeFrom(turn, event.deviceId, event.reading);
    case "manual-barcode":
      return enterBarcode(turn, event.parcelId, event.data, event.operatorId);
    case "label-outcome":
      return learnLabel(turn, event);
    case "divert-failed":
      return withParcel(turn, parcelIdOf(event.commandId), (parcel) => applyToParcel(turn, parcel, event));
    case "diverted":
      return confirmDivert(turn, event);
    case "lost":
      return withIndex(turn, event.parcelIndex, (parcel) => applyToParcel(turn, parcel, event));
    case "weight-answered":
    case "printer-granted":
    case "label-answered":
    case "divert-state":
    case "cleared":
      return withParcel(turn, event.parcelId, (parcel) => applyToParcel(turn, parcel, event));
    case "chute-full":
      return markChute(turn, event.chute, event.full);
    case "stopped":
      record(turn, null, byWhom(event.operatorId), "lane.stopped.v1", { reason: event.reason });
      turn.state = { ...turn.state, status: "stopped", stopReason: event.reason };
      return;
    case "resumed":
      record(turn, null, byWhom(event.operatorId), "lane.resumed.v1", {});
      turn.state = { ...turn.state, status: "running", stopReason: null };
      return;
    case "recovered":
      return recoverParcel(turn, event.parcel);
    case "ticked":
      return expire(turn);
    default:
      return unreachable(event);
  }
}

const byWhom = (operatorId: string | null) => (operatorId === null ? engine : byOperator(operatorId));

const withParcel = (turn: Turn, parcelId: string, act: (parcel: ParcelInFlight) => void): void => {
  const parcel = findParcel(turn, parcelId);
  if (parcel !== undefined) act(parcel);
};

const withIndex = (turn: Turn, parcelIndex: number, act: (parcel: ParcelInFlight) => void): void => {
  const parcel = findByIndex(turn, parcelIndex);
  if (parcel !== undefined) act(parcel);
};

/** The trigger may come after the first reading, or twice after a reconnect: an index has one parcel. */
function inductByTrigger(
  turn: Turn,
  { parcelIndex, deviceId, isLate }: Extract<SessionEvent, { kind: "inducted" }>,
): void {
  if (turn.state.profile.kind === "bench") return discard(turn, "induct", "nobody", deviceId, parcelIndex);
  // A sorter may count from one again, so only what is old news is looked for among the parcels that ended.
  const isThrough = isLate === true && turn.state.recent.some((ended) => ended.parcelIndex === parcelIndex);
  const known = isThrough || findByIndex(turn, parcelIndex) !== undefined;
  if (known || isFull(turn))
    discard(turn, "induct", known ? "inducted-twice" : "lane-full", deviceId, parcelIndex);
  else {
    const parcel = induct(turn, parcelIndex, "sorter", byDevice(deviceId), []);
    if (isLate === true) doubt(turn, parcel, makeReason("association.out-of-window", { kind: "trigger" }));
  }
}

const isFull = (turn: Turn): boolean => turn.state.parcels.length >= turn.state.profile.maxInFlight;

function discard(
  turn: Turn,
  kind: string,
  reason: string,
  deviceId: string | null,
  parcelIndex: number | null,
): void {
  record(turn, null, deviceId === null ? engine : byDevice(deviceId), "reading.discarded.v1", {
    kind,
    reason,
    deviceId,
    parcelIndex,
  });
}

/** The longest barcode a fact can hold; two-dimensional codes can bear more, but then they are no parcel's name. */
const barcodeLimit = 512;

function takeFrom(turn: Turn, deviceId: string, reading: ScanReading | WeightReading | SizeReading): void {
  const barcode =
    reading.kind === "scan" ? reading.data : reading.kind === "size" ? reading.barcode : undefined;
  if (barcode !== undefined && barcode.length > barcodeLimit)
    return discard(turn, reading.kind, "barcode-too-long", deviceId, reading.parcelIndex ?? null);
  if (turn.state.profile.kind === "bench" && reading.kind === "scan")
    return scanAtBench(turn, reading, deviceId);
  // A bench scale streams while nobody asks; only an answer to a request is a weight.
  if (turn.state.profile.kind === "bench" && reading.kind === "weight") return;
  takeBound(turn, deviceId, reading, bindReading(turn.state, reading, turn.context.atMs));
}

function takeBound(
  turn: Turn,
  deviceId: string,
  reading: ScanReading | WeightReading | SizeReading,
  binding: Binding,
): void {
  switch (binding.kind) {
    case "discarded":
      return discard(turn, reading.kind, binding.reason, deviceId, reading.parcelIndex ?? null);
    case "ambiguous":
      for (const parcelId of binding.parcelIds)
        withParcel(turn, parcelId, (parcel) =>
          doubt(turn, parcel, makeReason("association.ambiguous", { kind: reading.kind })),
        );
      return discard(turn, reading.kind, "ambiguous", deviceId, null);
    case "not-inducted": {
      if (isFull(turn)) return discard(turn, reading.kind, "lane-full", deviceId, binding.parcelIndex);
      const parcel = induct(turn, binding.parcelIndex, "reading", byDevice(deviceId), []);
      const doubted = doubt(turn, parcel, makeReason("induction.missing"));
      return judgeWhenComplete(turn, takeReading(turn, doubted, reading, deviceId, "index"));
    }
    case "bound":
      return withParcel(turn, binding.parcelId, (parcel) => {
        const certain = binding.doubt === null ? parcel : doubt(turn, parcel, binding.doubt);
        judgeWhenComplete(turn, takeReading(turn, certain, reading, deviceId, binding.by));
      });
    default:
      return unreachable(binding);
  }
}

/** On a bench the scan is the trigger, and the newest scan wins: a parcel still without a weight was taken away. */
function scanAtBench(turn: Turn, reading: ScanReading, deviceId: string): void {
  const how = { symbology: reading.symbology, deviceId, boundBy: "only-parcel" as const };
  startAtBench(turn, reading.data, deviceId, (parcel) =>
    takeBarcode(turn, parcel, reading.data, how, byDevice(deviceId)),
  );
}

function enterBarcode(turn: Turn, parcelId: string | null, data: string, operatorId: string): void {
  const how = { symbology: "manual", deviceId: null, boundBy: "manual" as const };
  const take = (parcel: ParcelInFlight) => takeBarcode(turn, parcel, data, how, byOperator(operatorId));
  if (data.length > barcodeLimit) return discard(turn, "manual", "barcode-too-long", null, null);
  // What a person holds in the hand has no place on a belt.
  if (parcelId === null && turn.state.profile.kind === "belt")
    return discard(turn, "manual", "nobody", null, null);
  if (parcelId === null) startAtBench(turn, data, null, take);
  else
    withParcel(
      turn,
      parcelId,
      (parcel) => parcel.phase === "gathering" && judgeWhenComplete(turn, take(parcel)),
    );
}

function startAtBench(
  turn: Turn,
  data: string,
  deviceId: string | null,
  take: (parcel: ParcelInFlight) => ParcelInFlight,
): void {
  const open = turn.state.parcels.find((parcel) => parcel.phase === "gathering");
  if (turn.state.status !== "running") return discard(turn, "scan", "lane-stopped", deviceId, null);
  if (open?.barcodes.includes(data) === true) return;
  if (open !== undefined) applyToParcel(turn, open, { kind: "cleared", operatorId: null });
  if (isFull(turn)) return discard(turn, "scan", "lane-full", deviceId, null);
  const parcel = take(induct(turn, null, "scan", deviceId === null ? engine : byDevice(deviceId), []));
  const { scale } = turn.state.profile.devices;
  if (turn.state.profile.steps.includes("weigh") && scale !== undefined)
    perform(turn, {
      kind: "request-weight",
      laneId: turn.state.profile.laneId,
      scaleId: scale,
      parcelId: parcel.parcelId,
    });
  judgeWhenComplete(turn, parcel);
}

/** A printer may answer long after the belt carried the parcel away: the fact is recorded all the same. */
function learnLabel(turn: Turn, event: Extract<SessionEvent, { kind: "label-outcome" }>): void {
  const parcelId = parcelIdOf(event.jobId);
  const parcel = findParcel(turn, parcelId);
  if (parcel === undefined) recordLabelOutcome(turn, parcelId, event.result);
  else applyToParcel(turn, parcel, event);
}

function confirmDivert(turn: Turn, event: Extract<SessionEvent, { kind: "diverted" }>): void {
  const { parcelIndex, chute } = event;
  const parcel = findByIndex(turn, parcelIndex);
  if (parcel !== undefined) return applyToParcel(turn, parcel, event);
  const ended = turn.state.recent.find((other) => other.parcelIndex === parcelIndex);
  if (ended === undefined || ended.isConfirmed) {
    const sorter = turn.state.profile.devices.sorter ?? null;
    return discard(turn, "confirm", ended === undefined ? "nobody" : "confirmed-twice", sorter, parcelIndex);
  }
  const { parcelId, commandId } = ended;
  record(turn, parcelId, engine, "divert.confirmed.v1", { commandId, parcelIndex, chute });
  const recent = turn.state.recent.map((other) =>
    other === ended ? { ...ended, chute, isConfirmed: true } : other,
  );
  turn.state = { ...turn.state, recent };
}

function markChute(turn: Turn, chute: number, full: boolean): void {
  const others = turn.state.fullChutes.filter((other) => other !== chute);
  turn.state = { ...turn.state, fullChutes: full ? [...others, chute] : others };
}

function expire(turn: Turn): void {
  const due = turn.state.parcels.filter(
    ({ deadlineAtMs }) => deadlineAtMs !== null && deadlineAtMs <= turn.context.atMs,
  );
  for (const parcel of due) applyToParcel(turn, change(turn, parcel, {}), { kind: "expired" });
}

/** When the lane next wants to be woken with `ticked`; null while nothing waits. */
export function nextDeadline(state: LaneState): number | null {
  let next: number | null = null;
  for (const { deadlineAtMs } of state.parcels)
    if (deadlineAtMs !== null && (next === null || deadlineAtMs < next)) next = deadlineAtMs;
  return next;
}
