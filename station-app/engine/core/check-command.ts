import type { Failure } from "@waystation/shared/failures/result";
import type { SessionEvent } from "@waystation/shared/session/events";
import type { LaneState } from "@waystation/shared/session/state";

/** A person hears at once why a command cannot be done; device events are never refused here. */
export function checkCommand(state: LaneState, event: SessionEvent): Failure | null {
  const { laneId } = state.profile;
  switch (event.kind) {
    case "manual-barcode":
      if (state.status !== "running") return { code: "lane.stopped", details: { laneId } };
      if (event.parcelId === null)
        return state.profile.kind === "bench"
          ? null
          : notPossible("on a belt a barcode is entered for a parcel");
      return checkPhase(state, event.parcelId, "gathering", "its barcode is already judged");
    case "label-answered":
      return checkPhase(state, event.parcelId, "label-unknown", "nobody asked about its label");
    case "cleared":
      return checkPhase(state, event.parcelId, null, "");
    case "stopped":
      return state.status === "stopped" ? notPossible("the lane is already stopped") : null;
    case "resumed":
      return state.status === "running" ? notPossible("the lane is already running") : null;
    default:
      return null;
  }
}

function checkPhase(
  state: LaneState,
  parcelId: string,
  phase: string | null,
  otherwise: string,
): Failure | null {
  const parcel = state.parcels.find((other) => other.parcelId === parcelId);
  if (parcel === undefined) return { code: "parcel.unknown", details: { parcelId } };
  return phase === null || parcel.phase === phase ? null : notPossible(otherwise);
}

const notPossible = (reason: string): Failure => ({ code: "command.not-possible", details: { reason } });
