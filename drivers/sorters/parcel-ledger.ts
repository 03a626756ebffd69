import type { SorterReading } from "@waystation/shared/model/reading";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Clock } from "../kit/clock.ts";
import type { DivertState } from "../kit/device.ts";

type Entry = { readonly inductedAtMs: number | null; readonly state: DivertState | "asked" };

const rememberedParcels = 4096;

/**
 * What a sorter that cannot be asked has told of its parcels by itself. A parcel it never told of, and one with a
 * command out and no word since, are not known: then a query fails rather than guesses.
 */
export function createParcelLedger(clock: Clock) {
  const entries = new Map<number, Entry>();

  const set = (parcelIndex: number, state: Entry["state"]) => {
    const inductedAtMs = entries.get(parcelIndex)?.inductedAtMs ?? null;
    put(parcelIndex, { inductedAtMs, state });
  };
  const put = (parcelIndex: number, entry: Entry) => {
    entries.delete(parcelIndex);
    entries.set(parcelIndex, entry);
    const oldest = entries.size > rememberedParcels ? entries.keys().next().value : undefined;
    if (oldest !== undefined) entries.delete(oldest);
  };

  return {
    note: ({ event, parcelIndex, chute }: SorterReading) => {
      if (parcelIndex === undefined) return;
      if (event === "induct")
        put(parcelIndex, { inductedAtMs: clock.nowMs(), state: { state: "unassigned" } });
      else if (event === "confirm" && chute !== undefined) set(parcelIndex, { state: "confirmed", chute });
      else if (event === "lost") set(parcelIndex, { state: "lost" });
    },
    noteAsked: (parcelIndex: number) => set(parcelIndex, "asked"),
    noteAssigned: (parcelIndex: number, chute: number) => set(parcelIndex, { state: "assigned", chute }),
    /** Null: its induction was not heard. */
    ageMs: (parcelIndex: number): number | null => {
      const inductedAtMs = entries.get(parcelIndex)?.inductedAtMs ?? null;
      return inductedAtMs === null ? null : clock.nowMs() - inductedAtMs;
    },
    query: (parcelIndex: number): Result<DivertState> => {
      const state = entries.get(parcelIndex)?.state ?? "asked";
      if (state !== "asked") return succeed(state);
      return fail("sorter.unconfirmed", { parcelIndex }, "the sorter cannot be asked");
    },
  };
}
export type ParcelLedger = ReturnType<typeof createParcelLedger>;
