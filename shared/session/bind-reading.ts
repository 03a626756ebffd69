import { makeReason, type Reason } from "../decision/reasons.ts";
import type { ScanReading, SizeReading, WeightReading } from "../model/reading.ts";
import type { LaneState, ParcelInFlight } from "./state.ts";

/** To whom a reading belongs. Anything that is not certain is said, never guessed. */
export type Binding =
  | {
      readonly kind: "bound";
      readonly parcelId: string;
      readonly by: "index" | "window" | "only-parcel";
      readonly doubt: Reason | null;
    }
  /** It could be any of these: all of them are in doubt, none gets the reading. */
  | { readonly kind: "ambiguous"; readonly parcelIds: readonly string[] }
  /** An index nobody inducted: the trigger was missed. */
  | { readonly kind: "not-inducted"; readonly parcelIndex: number }
  | { readonly kind: "discarded"; readonly reason: "late" | "nobody" };

export function bindReading(
  state: LaneState,
  reading: ScanReading | WeightReading | SizeReading,
  atMs: number,
): Binding {
  if (state.profile.kind === "bench") return bindToOnly(state);
  return reading.parcelIndex === undefined
    ? bindByWindow(state, reading.kind, atMs)
    : bindByIndex(state, reading.kind, reading.parcelIndex, atMs);
}

function bindToOnly(state: LaneState): Binding {
  const [only, ...others] = state.parcels.filter((parcel) => parcel.phase === "gathering");
  if (only === undefined || others.length > 0) return { kind: "discarded", reason: "nobody" };
  return { kind: "bound", parcelId: only.parcelId, by: "only-parcel", doubt: null };
}

/** The index names the parcel, and the time must agree with it: a swapped pair of readings fails here. */
function bindByIndex(
  state: LaneState,
  kind: "scan" | "weight" | "size",
  parcelIndex: number,
  atMs: number,
): Binding {
  const parcel = state.parcels.find((other) => other.parcelIndex === parcelIndex);
  if (parcel === undefined) {
    const ended = state.recent.some((other) => other.parcelIndex === parcelIndex);
    return ended ? { kind: "discarded", reason: "late" } : { kind: "not-inducted", parcelIndex };
  }
  if (parcel.phase !== "gathering") return { kind: "discarded", reason: "late" };
  const doubt = isInWindow(state, parcel, kind, atMs)
    ? null
    : makeReason("association.out-of-window", { kind });
  return { kind: "bound", parcelId: parcel.parcelId, by: "index", doubt };
}

/** Only the position on the belt speaks: exactly one parcel may be where the device looks. */
function bindByWindow(state: LaneState, kind: "scan" | "weight" | "size", atMs: number): Binding {
  const there = state.parcels.filter(
    (parcel) => parcel.phase === "gathering" && isInWindow(state, parcel, kind, atMs),
  );
  const [only, ...others] = there;
  if (only === undefined) return { kind: "discarded", reason: "nobody" };
  if (others.length > 0) return { kind: "ambiguous", parcelIds: there.map((parcel) => parcel.parcelId) };
  return { kind: "bound", parcelId: only.parcelId, by: "window", doubt: null };
}

function isInWindow(
  state: LaneState,
  parcel: ParcelInFlight,
  kind: "scan" | "weight" | "size",
  atMs: number,
): boolean {
  const { fromMs, toMs } = state.profile.windows[kind];
  const age = atMs - parcel.inductedAtMs;
  return fromMs <= age && age <= toMs;
}
