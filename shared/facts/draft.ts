import type { FactName, FactPayload } from "./catalog.ts";
import type { Actor } from "./envelope.ts";

/** A fact as the session states it; the store adds sequence, ids, clocks and the chain. */
export type FactDraft = {
  [N in FactName]: {
    readonly name: N;
    readonly lane: string | null;
    readonly parcelId: string | null;
    readonly actor: Actor;
    readonly payload: FactPayload<N>;
  };
}[FactName];
