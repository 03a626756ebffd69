import type { EndedParcel, LaneState, ParcelInFlight, ParcelPhase } from "./state.ts";
import type { Reason } from "../decision/reasons.ts";
import type { Size } from "../decision/audit.ts";
import type { LaneView, ParcelView } from "./view.ts";

/** The lane as a screen shows it. */
export function viewLane(state: LaneState): LaneView {
  const { profile, status, stopReason, counts } = state;
  return {
    laneId: profile.laneId,
    profile: profile.kind,
    status,
    stopReason,
    parcels: state.parcels.map(viewInFlight),
    recent: state.recent.slice(0, 12).map(viewEnded),
    counts: {
      accepted: counts.accepted,
      intercepted: counts.intercepted,
      rejected: counts.rejected,
      noRead: counts["no-read"],
    },
    deviceIds: Object.values(profile.devices),
  };
}

const phaseWord: Readonly<Record<ParcelPhase, ParcelView["phase"]>> = {
  gathering: "gathering",
  "awaiting-printer": "labelling",
  labelling: "labelling",
  "label-unknown": "waiting",
  diverting: "diverting",
};

function viewInFlight(parcel: ParcelInFlight): ParcelView {
  const needs = parcel.phase === "label-unknown" ? "label-answer" : parcel.weightFailed ? "weight" : null;
  return {
    ...viewCommon(parcel),
    phase: needs === null ? phaseWord[parcel.phase] : "waiting",
    needs,
    outcome: null,
    reasons: copyReasons([...(parcel.decision?.reasons ?? parcel.doubts), ...parcel.laterReasons]),
    chute: parcel.chute,
    changedAtMs: parcel.changedAtMs,
  };
}

/** What ended no longer changes, and is in a dozen views. */
const endedViews = new WeakMap<EndedParcel, ParcelView>();

function viewEnded(parcel: EndedParcel): ParcelView {
  const known = endedViews.get(parcel);
  if (known !== undefined) return known;
  const { outcome, chute, endedAtMs } = parcel;
  const view: ParcelView = {
    ...viewCommon(parcel),
    phase: "ended",
    needs: null,
    outcome,
    reasons: copyReasons(parcel.reasons),
    chute,
    changedAtMs: endedAtMs,
  };
  endedViews.set(parcel, view);
  return view;
}

const viewCommon = ({
  parcelId,
  parcelIndex,
  barcodes,
  weightGrams,
  size,
  order,
  decision,
}: ParcelInFlight | EndedParcel) => ({
  parcelId,
  parcelIndex,
  barcode: barcodes[0] ?? null,
  weightGrams,
  size: size === null ? null : describeSize(size),
  orderId: order?.orderId ?? null,
  channelCode: order?.channelCode ?? null,
  country: order?.country ?? null,
  verdict: decision?.verdict ?? null,
});

const describeSize = ({ lengthMillimetres, widthMillimetres, heightMillimetres }: Size): string =>
  `${lengthMillimetres} x ${widthMillimetres} x ${heightMillimetres}`;

const copyReasons = (reasons: readonly Reason[]): ParcelView["reasons"] =>
  reasons.map(({ code, details }) => ({ code, details }));
