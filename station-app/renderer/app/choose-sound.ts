import type { LaneView, ParcelView, StationView } from "@waystation/shared/session/view";
import { parcelTone, type Tone } from "../screens/station/parcel-tone.ts";

export type Sound = "ok" | "warn" | "stop";

const byTone: Readonly<Record<Tone, Sound | null>> = {
  accepted: "ok",
  intercepted: "warn",
  "no-read": "warn",
  question: "warn",
  rejected: "stop",
  working: null,
};
const gravity: readonly (Sound | null)[] = [null, "ok", "warn", "stop"];

/** One sound for what is new in a view: the gravest. Nothing on the first view, nothing for what was there before. */
export function chooseSound(before: StationView | null, after: StationView): Sound | null {
  if (before === null) return null;
  const sounds = after.lanes.map((lane) =>
    laneSound(
      before.lanes.find((old) => old.laneId === lane.laneId),
      lane,
    ),
  );
  return gravity[Math.max(0, ...sounds.map((sound) => gravity.indexOf(sound)))] ?? null;
}

function laneSound(before: LaneView | undefined, after: LaneView): Sound | null {
  if (before === undefined) return null;
  if (before.status === "running" && after.status !== "running") return "stop";
  const old = new Map(allParcels(before).map((parcel) => [parcel.parcelId, parcelTone(parcel)]));
  const sounds = allParcels(after)
    .filter((parcel) => old.get(parcel.parcelId) !== parcelTone(parcel))
    .map((parcel) => gravity.indexOf(byTone[parcelTone(parcel)]));
  return gravity[Math.max(0, ...sounds)] ?? null;
}

const allParcels = (lane: LaneView): readonly ParcelView[] => [...lane.parcels, ...lane.recent];
