import type { Size } from "../decision/audit.ts";
import { judgeParcel } from "../decision/judge.ts";
import { makeReason, type Reason } from "../decision/reasons.ts";
import type { Actor } from "../facts/envelope.ts";
import type { ScanReading, SizeReading, WeightReading } from "../model/reading.ts";
import { divertCommandId } from "./events.ts";
import type { LaneStep, ParcelInFlight } from "./state.ts";
import {
  addParcel,
  byDevice,
  change,
  endParcel,
  engine,
  perform,
  record,
  type Turn,
  withReason,
} from "./turn.ts";

/** From induction to verdict: collecting readings, judging, and sending the parcel on. */

export type BoundBy = "index" | "window" | "request" | "only-parcel" | "manual";

const needs = (turn: Turn, step: LaneStep): boolean => turn.state.profile.steps.includes(step);

export function induct(
  turn: Turn,
  parcelIndex: number | null,
  trigger: "sorter" | "scan" | "reading",
  actor: Actor,
  doubts: readonly Reason[],
): ParcelInFlight {
  const { atMs, mintParcelId } = turn.context;
  const { profile, status } = turn.state;
  const parcelId = mintParcelId();
  record(turn, parcelId, actor, "parcel.inducted.v1", { parcelIndex, trigger });
  return addParcel(turn, {
    parcelId,
    parcelIndex,
    phase: "gathering",
    inductedAtMs: atMs,
    deadlineAtMs: profile.kind === "belt" ? atMs + profile.decideWithinMs : null,
    changedAtMs: atMs,
    barcodes: [],
    weightGrams: null,
    size: null,
    noRead: false,
    doubts: status === "running" ? doubts : [...doubts, makeReason("lane.stopped")],
    decision: null,
    order: null,
    laterReasons: [],
    chute: null,
    weightFailed: false,
  });
}

export function doubt(turn: Turn, parcel: ParcelInFlight, reason: Reason): ParcelInFlight {
  const doubts = withReason(parcel.doubts, reason);
  if (doubts === parcel.doubts) return parcel;
  record(turn, parcel.parcelId, engine, "parcel.doubted.v1", { reason });
  return change(turn, parcel, { doubts });
}

export function takeReading(
  turn: Turn,
  parcel: ParcelInFlight,
  reading: ScanReading | WeightReading | SizeReading,
  deviceId: string,
  boundBy: BoundBy,
): ParcelInFlight {
  switch (reading.kind) {
    case "scan":
      return takeBarcode(
        turn,
        parcel,
        reading.data,
        { symbology: reading.symbology, deviceId, boundBy },
        byDevice(deviceId),
      );
    case "weight":
      return reading.state === "stable" && reading.weightGrams !== undefined
        ? takeWeight(turn, parcel, reading.weightGrams, deviceId, boundBy)
        : parcel;
    case "size":
      return takeTelegram(turn, parcel, reading, deviceId, boundBy);
  }
}

/** A DWS telegram may bear barcode, weight and size at once; what it did not measure is absent. */
function takeTelegram(
  turn: Turn,
  parcel: ParcelInFlight,
  reading: SizeReading,
  deviceId: string,
  boundBy: BoundBy,
): ParcelInFlight {
  let now = parcel;
  if (reading.barcode !== undefined)
    now = takeBarcode(
      turn,
      now,
      reading.barcode,
      { symbology: "unknown", deviceId, boundBy },
      byDevice(deviceId),
    );
  else if (reading.noRead === true) now = change(turn, now, { noRead: true });
  if (reading.weightGrams !== undefined) now = takeWeight(turn, now, reading.weightGrams, deviceId, boundBy);
  const { lengthMillimetres, widthMillimetres, heightMillimetres } = reading;
  if (lengthMillimetres !== undefined && widthMillimetres !== undefined && heightMillimetres !== undefined)
    now = takeSize(turn, now, { lengthMillimetres, widthMillimetres, heightMillimetres }, deviceId, boundBy);
  return now;
}

const barcodesPerParcel = 8;

export function takeBarcode(
  turn: Turn,
  parcel: ParcelInFlight,
  data: string,
  how: { readonly symbology: string; readonly deviceId: string | null; readonly boundBy: BoundBy },
  actor: Actor,
): ParcelInFlight {
  if (parcel.barcodes.includes(data) || parcel.barcodes.length >= barcodesPerParcel) return parcel;
  record(turn, parcel.parcelId, actor, "parcel.scanned.v1", { data, ...how });
  return change(turn, parcel, { barcodes: [...parcel.barcodes, data] });
}

export function takeWeight(
  turn: Turn,
  parcel: ParcelInFlight,
  weightGrams: number,
  deviceId: string,
  boundBy: BoundBy,
): ParcelInFlight {
  if (parcel.weightGrams !== null)
    return parcel.weightGrams === weightGrams
      ? parcel
      : doubt(turn, parcel, makeReason("association.conflict", { kind: "weight" }));
  record(turn, parcel.parcelId, byDevice(deviceId), "parcel.weighed.v1", { weightGrams, deviceId, boundBy });
  return change(turn, parcel, { weightGrams, weightFailed: false });
}

function takeSize(
  turn: Turn,
  parcel: ParcelInFlight,
  size: Size,
  deviceId: string,
  boundBy: BoundBy,
): ParcelInFlight {
  if (parcel.size !== null) {
    const same =
      parcel.size.lengthMillimetres === size.lengthMillimetres &&
      parcel.size.widthMillimetres === size.widthMillimetres &&
      parcel.size.heightMillimetres === size.heightMillimetres;
    return same ? parcel : doubt(turn, parcel, makeReason("association.conflict", { kind: "size" }));
  }
  record(turn, parcel.parcelId, byDevice(deviceId), "parcel.measured.v1", { ...size, deviceId, boundBy });
  return change(turn, parcel, { size });
}

export function judgeWhenComplete(turn: Turn, parcel: ParcelInFlight): void {
  const identified = parcel.barcodes.length > 0 || parcel.noRead;
  const weighed = !needs(turn, "weigh") || parcel.weightGrams !== null;
  const measured = !needs(turn, "measure") || parcel.size !== null;
  if (identified && weighed && measured) judge(turn, parcel);
}

export function judge(turn: Turn, parcel: ParcelInFlight): void {
  const { context } = turn;
  const candidates = parcel.barcodes.length === 0 ? [] : context.findOrders(parcel.barcodes, parcel.parcelId);
  const [only] = candidates;
  const channel =
    candidates.length === 1 && only !== undefined ? context.findChannel(only.order.channelCode) : undefined;
  const { verdict, reasons, chute, order, channelVersion } = judgeParcel({
    barcodes: parcel.barcodes,
    candidates,
    weightGrams: parcel.weightGrams,
    size: parcel.size,
    needsWeight: needs(turn, "weigh"),
    needsSize: needs(turn, "measure"),
    needsLabel: needs(turn, "label"),
    channel,
    sortPlan: context.sortPlan,
    fullChutes: turn.state.fullChutes,
    doubts: parcel.doubts,
  });
  record(turn, parcel.parcelId, engine, "parcel.judged.v1", {
    verdict,
    reasons: reasons.slice(0, 20),
    chute,
    orderId: order?.order.orderId ?? null,
    orderRevision: order?.revision ?? null,
    channelCode: order?.order.channelCode ?? null,
    channelVersion,
    sortPlanId: context.sortPlan.planId,
    sortPlanVersion: context.sortPlan.version,
    weightGrams: parcel.weightGrams,
  });
  const key =
    order === null
      ? null
      : {
          orderId: order.order.orderId,
          channelCode: order.order.channelCode,
          country: order.order.consignee.country,
        };
  sendOn(turn, change(turn, parcel, { decision: { verdict, reasons, chute }, order: key, chute }));
}

/** After the verdict: label first where the lane has a printer, then the sorter; a bench parcel without either is done. */
function sendOn(turn: Turn, parcel: ParcelInFlight): void {
  const { rejectChute } = turn.context.sortPlan;
  const labels = parcel.decision?.verdict === "accepted" && needs(turn, "label");
  if (!labels) divertOrEnd(turn, parcel, parcel.decision?.chute ?? rejectChute);
  else if (turn.state.profile.devices.printer !== undefined) awaitPrinter(turn, parcel);
  // A lane that must label and has nothing to do it with lets nothing out unlabelled.
  else
    divertOrEnd(
      turn,
      change(turn, parcel, { laterReasons: withReason(parcel.laterReasons, makeReason("label.failed")) }),
      rejectChute,
    );
}

/** A printer has one job out at a time; a bench waits for it as long as it takes, a belt cannot. */
export function awaitPrinter(turn: Turn, parcel: ParcelInFlight): void {
  const { profile } = turn.state;
  const deadlineAtMs = profile.kind === "belt" ? turn.context.atMs + profile.labelWithinMs : null;
  change(turn, parcel, { phase: "awaiting-printer", deadlineAtMs });
  perform(turn, {
    kind: "reserve-printer",
    laneId: profile.laneId,
    printerId: profile.devices.printer ?? "",
    parcelId: parcel.parcelId,
  });
}

/** Asks the sorter once and only once for this parcel; on a bench the person carries it. */
export function divertOrEnd(turn: Turn, parcel: ParcelInFlight, chute: number): void {
  const { profile } = turn.state;
  const { sorter } = profile.devices;
  if (profile.kind === "bench" || !needs(turn, "divert")) return endParcel(turn, parcel, chute);
  if (sorter === undefined || parcel.parcelIndex === null)
    return endParcel(
      turn,
      change(turn, parcel, { laterReasons: withReason(parcel.laterReasons, makeReason("divert.failed")) }),
      null,
    );
  const command = {
    commandId: divertCommandId(parcel.parcelId),
    sorterId: sorter,
    parcelIndex: parcel.parcelIndex,
    chute,
    deadlineMs: profile.divertWithinMs,
  };
  record(turn, parcel.parcelId, engine, "divert.requested.v1", command);
  change(turn, parcel, {
    phase: "diverting",
    chute,
    deadlineAtMs: turn.context.atMs + profile.confirmWithinMs,
  });
  perform(turn, { kind: "divert", laneId: profile.laneId, ...command });
}
