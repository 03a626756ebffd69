import type { LaneView } from "@waystation/shared/session/view";
import type { SimulatedParcel } from "./plan-parcels.ts";

/** The hands and the belt of the demonstration: what would happen physically is told to the twins, nothing to the engine. */
export type Twins = (
  deviceId: "belt-gate" | "belt-sorter" | "bench-scanner" | "bench-scale",
  command: object,
) => void;

export type Pace = {
  /** From one parcel to the next on one lane; 0: as fast as the lane takes them. */
  readonly gapMs: number;
  /** How far behind the trigger the gate stands; null: the belt waits until the station has seen the parcel come. */
  readonly gateMs: number | null;
  readonly beltLength: number;
};

export type LaneWatch = {
  readonly lane: (laneId: string) => LaneView | undefined;
  /** Resolves at the next change of the view, or after a while. */
  readonly changed: () => Promise<void>;
};

export const countEnded = (lane: LaneView | undefined): number =>
  lane === undefined
    ? 0
    : lane.counts.accepted + lane.counts.intercepted + lane.counts.rejected + lane.counts.noRead;

/** Puts parcels on the belt while it has room. Resolves when all are on it. */
export async function playBelt(
  parcels: readonly SimulatedParcel[],
  firstIndex: number,
  twins: Twins,
  pace: Pace,
  watch: LaneWatch,
  signal: AbortSignal,
): Promise<void> {
  const endedBefore = countEnded(watch.lane("belt"));
  let index = firstIndex;
  for (const parcel of parcels) {
    while (
      index - firstIndex - (countEnded(watch.lane("belt")) - endedBefore) >= pace.beltLength &&
      !signal.aborted
    )
      await watch.changed();
    if (signal.aborted) return;
    const { barcode, kind: _kind, lane: _lane, ...measures } = parcel;
    const parcelIndex = index;
    index += 1;
    twins("belt-sorter", { command: "induct", parcelIndex });
    if (pace.gateMs === null) await seen(parcelIndex, watch, signal);
    else await pause(pace.gateMs, signal);
    twins("belt-gate", {
      command: "measure",
      index: parcelIndex,
      ...measures,
      ...(barcode === undefined ? {} : { code: barcode }),
    });
    await pause(pace.gapMs, signal);
  }
}

async function seen(parcelIndex: number, watch: LaneWatch, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + 5000;
  const isThere = (): boolean =>
    watch.lane("belt")?.parcels.some((parcel) => parcel.parcelIndex === parcelIndex) === true;
  while (!isThere() && !signal.aborted && performance.now() < giveUpAt) await watch.changed();
}

/** One parcel at a time: on the scale, under the scanner, and the next when this one is done. */
export async function playBench(
  parcels: readonly SimulatedParcel[],
  twins: Twins,
  pace: Pace,
  watch: LaneWatch,
  signal: AbortSignal,
): Promise<void> {
  for (const { barcode, weightGrams } of parcels) {
    if (signal.aborted) return;
    const before = countEnded(watch.lane("bench"));
    twins("bench-scale", { command: "load", weightGrams, settleMs: Math.min(300, pace.gapMs) });
    twins("bench-scanner", { command: "scan", data: barcode });
    while (countEnded(watch.lane("bench")) === before && !signal.aborted) await watch.changed();
    twins("bench-scale", { command: "load", weightGrams: 0, settleMs: 0 });
    await pause(pace.gapMs, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0 || signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
  });
}
