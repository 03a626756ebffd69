import type { LaneView, ParcelView } from "@waystation/shared/session/view";

/** What colour, icon and word a parcel gets. `question`: a person must answer before it goes on. */
export type Tone = "accepted" | "intercepted" | "rejected" | "no-read" | "question" | "working";

export function parcelTone(parcel: ParcelView): Tone {
  if (parcel.phase === "waiting") return "question";
  return parcel.outcome ?? parcel.verdict ?? "working";
}

/**
 * The parcel the big panel shows. One that waits for a person comes first. Then the newest: on a belt the newest that
 * is judged, because the next one is always being measured already; on a bench the one that lies there, so that the
 * last parcel's verdict is never taken for this one's.
 */
export function pickParcel(lane: LaneView): ParcelView | null {
  const waiting = lane.parcels.find((parcel) => parcel.phase === "waiting");
  const judged = lane.parcels.findLast((parcel) => parcel.verdict !== null);
  const newest = lane.parcels.at(-1);
  const first = waiting ?? (lane.profile === "bench" ? newest : judged);
  return first ?? lane.recent[0] ?? newest ?? null;
}

/** Which parcel a typed barcode is for; `{ parcelId: null }` starts one on a bench; null where typing makes no sense. */
export function barcodeTarget(lane: LaneView): { parcelId: string | null } | null {
  if (lane.status !== "running") return null;
  const asking = lane.parcels.find((parcel) => parcel.needs === "barcode");
  if (asking !== undefined) return { parcelId: asking.parcelId };
  if (lane.profile === "belt") return null;
  const unread = lane.parcels.findLast((parcel) => parcel.phase === "gathering" && parcel.barcode === null);
  return { parcelId: unread?.parcelId ?? null };
}

export const labelTarget = (lane: LaneView): string | null =>
  lane.parcels.find((parcel) => parcel.needs === "label-answer")?.parcelId ?? null;

/** Only a parcel that waits can be taken away: the others are on their way to the sorter. */
export const clearTarget = (lane: LaneView): string | null =>
  lane.parcels.find((parcel) => parcel.phase === "waiting")?.parcelId ?? null;
