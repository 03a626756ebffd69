import { makeReason, type Reason } from "../decision/reasons.ts";
import type { RecoveredParcel } from "./events.ts";
import { labelJobId } from "./events.ts";
import { divertOrEnd, judge } from "./gather.ts";
import type { ParcelInFlight } from "./state.ts";
import { addParcel, change, endParcel, perform, type Turn, withReason } from "./turn.ts";

/**
 * After a crash an intent without an outcome is unknown, not failed: the device is asked. What had no intent yet
 * did not happen, and goes the safe way. Nothing is printed or diverted a second time.
 */
export function recoverParcel(turn: Turn, found: RecoveredParcel): void {
  const parcel = addParcel(turn, restoreParcel(turn, found));
  // A belt does not wait for a late label: both intents may be open, and the printer stays taken until one knows.
  if (found.label === "requested") askPrinter(turn, parcel, found);
  if (found.divert !== "none") return askSorter(turn, parcel, found);
  if (found.label === "requested") return awaitLabel(turn, parcel);
  if (found.label === "unknown" && turn.state.profile.kind === "bench") {
    change(turn, parcel, { phase: "label-unknown" });
    return;
  }
  const doubted = change(turn, parcel, { doubts: withReason(parcel.doubts, makeReason("engine.restarted")) });
  if (parcel.decision === null && turn.state.profile.kind === "belt") return judge(turn, doubted);
  const { decision } = parcel;
  // Printed and only the last step was missing: a bench parcel is done, a belt parcel has surely run past its chute.
  const finished = found.label === "printed" || (decision !== null && decision.verdict !== "accepted");
  if (finished && turn.state.profile.kind === "bench")
    return endParcel(turn, parcel, decision?.chute ?? null);
  const rejected =
    decision === null
      ? doubted
      : change(turn, doubted, {
          laterReasons: withReason(parcel.laterReasons, makeReason("engine.restarted")),
        });
  divertOrEnd(turn, rejected, turn.context.sortPlan.rejectChute);
}

function restoreParcel(turn: Turn, found: RecoveredParcel): ParcelInFlight {
  const { atMs } = turn.context;
  const { parcelId, parcelIndex, weightGrams, size, orderId, verdict, reasons } = found;
  const unlabelled = findLabelTrouble(turn, found);
  const chute = unlabelled.length > 0 ? turn.context.sortPlan.rejectChute : found.chute;
  return {
    parcelId,
    parcelIndex,
    phase: "gathering",
    inductedAtMs: atMs,
    deadlineAtMs: null,
    changedAtMs: atMs,
    barcodes: found.barcode === null ? [] : [found.barcode],
    weightGrams,
    size,
    noRead: false,
    doubts: [],
    decision: verdict === null ? null : { verdict, reasons, chute: found.chute },
    order: orderId === null ? null : { orderId, channelCode: null, country: null },
    laterReasons: found.divert === "failed" ? [...unlabelled, makeReason("divert.failed")] : unlabelled,
    chute,
    weightFailed: false,
  };
}

/** An accepted parcel diverted before its label was there had been rejected for that; only its end would have said so. */
function findLabelTrouble(turn: Turn, { verdict, label, divert }: RecoveredParcel): readonly Reason[] {
  const wasLabelled = label === "printed" || !turn.state.profile.steps.includes("label");
  if (verdict !== "accepted" || divert === "none" || wasLabelled) return [];
  return [makeReason(label === "requested" || label === "unknown" ? "label.unknown" : "label.failed")];
}

function askSorter(turn: Turn, parcel: ParcelInFlight, found: RecoveredParcel): void {
  const { laneId, confirmWithinMs, devices } = turn.state.profile;
  change(turn, parcel, { phase: "diverting", deadlineAtMs: turn.context.atMs + confirmWithinMs });
  if (devices.sorter !== undefined && found.parcelIndex !== null)
    perform(turn, {
      kind: "query-divert",
      laneId,
      sorterId: devices.sorter,
      parcelId: parcel.parcelId,
      parcelIndex: found.parcelIndex,
    });
}

function askPrinter(turn: Turn, parcel: ParcelInFlight, found: RecoveredParcel): void {
  const { laneId, devices } = turn.state.profile;
  perform(turn, {
    kind: "resolve-print",
    laneId,
    printerId: devices.printer ?? "",
    jobId: labelJobId(parcel.parcelId),
    odometerBefore: found.odometerBefore,
  });
}

function awaitLabel(turn: Turn, parcel: ParcelInFlight): void {
  const { kind, labelWithinMs } = turn.state.profile;
  change(turn, parcel, {
    phase: "labelling",
    deadlineAtMs: kind === "belt" ? turn.context.atMs + labelWithinMs : null,
  });
}
