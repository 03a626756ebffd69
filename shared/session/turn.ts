import type { Reason } from "../decision/reasons.ts";
import { gravestOutcome } from "../decision/judge.ts";
import type { FactName, FactPayload, Outcome } from "../facts/catalog.ts";
import type { FactDraft } from "../facts/draft.ts";
import type { Actor } from "../facts/envelope.ts";
import { divertCommandId, type Effect, type SessionContext, type StepResult } from "./events.ts";
import { type EndedParcel, type LaneState, type ParcelInFlight, recentLimit } from "./state.ts";

/** One step in the making: the state it leads to, and the facts and effects gathered on the way. */
export type Turn = {
  readonly context: SessionContext;
  state: LaneState;
  readonly facts: FactDraft[];
  readonly effects: Effect[];
};

export const engine: Actor = { kind: "engine" };
export const byDevice = (id: string): Actor => ({ kind: "device", id });
export const byOperator = (id: string): Actor => ({ kind: "operator", id });

export const openTurn = (state: LaneState, context: SessionContext): Turn => ({
  context,
  state,
  facts: [],
  effects: [],
});
export const closeTurn = ({ state, facts, effects }: Turn): StepResult => ({ state, facts, effects });

export function record<N extends FactName>(
  turn: Turn,
  parcelId: string | null,
  actor: Actor,
  name: N,
  payload: FactPayload<N>,
): void {
  // The union FactDraft is indexed by name; TypeScript cannot see that N and its payload agree, the signature does.
  turn.facts.push({ name, lane: turn.state.profile.laneId, parcelId, actor, payload } as FactDraft);
}

export const perform = (turn: Turn, effect: Effect): void => void turn.effects.push(effect);

export const findParcel = (turn: Turn, parcelId: string): ParcelInFlight | undefined =>
  turn.state.parcels.find((parcel) => parcel.parcelId === parcelId);

export const findByIndex = (turn: Turn, parcelIndex: number): ParcelInFlight | undefined =>
  turn.state.parcels.find((parcel) => parcel.parcelIndex === parcelIndex);

/** Replaces the parcel and returns it as it is now. */
export function change(turn: Turn, parcel: ParcelInFlight, changes: Partial<ParcelInFlight>): ParcelInFlight {
  const changed = { ...parcel, ...changes, changedAtMs: turn.context.atMs };
  const parcels = turn.state.parcels.map((other) => (other.parcelId === parcel.parcelId ? changed : other));
  turn.state = { ...turn.state, parcels };
  return changed;
}

export function addParcel(turn: Turn, parcel: ParcelInFlight): ParcelInFlight {
  turn.state = { ...turn.state, parcels: [...turn.state.parcels, parcel] };
  return parcel;
}

type End = {
  readonly actor?: Actor;
  /** The sorter itself has said where it went. */
  readonly isConfirmed?: boolean;
};

/** The one place where a parcel leaves the lane; its reasons decide the outcome, and they are in the fact. */
export function endParcel(
  turn: Turn,
  parcel: ParcelInFlight,
  chute: number | null,
  { actor = engine, isConfirmed = false }: End = {},
): void {
  const reasons: readonly Reason[] = [...(parcel.decision?.reasons ?? parcel.doubts), ...parcel.laterReasons];
  const outcome: Outcome = gravestOutcome(reasons);
  record(turn, parcel.parcelId, actor, "parcel.ended.v1", { outcome, reasons: reasons.slice(0, 20), chute });
  const { parcelId, parcelIndex, barcodes, weightGrams, size, decision, order } = parcel;
  const ended: EndedParcel = {
    parcelId,
    parcelIndex,
    barcodes,
    weightGrams,
    size,
    decision,
    order,
    outcome,
    reasons,
    chute,
    commandId: parcel.phase === "diverting" ? divertCommandId(parcelId) : null,
    isConfirmed,
    endedAtMs: turn.context.atMs,
  };
  const { state } = turn;
  turn.state = {
    ...state,
    parcels: state.parcels.filter((other) => other.parcelId !== parcelId),
    recent: [ended, ...state.recent].slice(0, recentLimit),
    counts: { ...state.counts, [outcome]: state.counts[outcome] + 1 },
  };
}

/** Adds why a parcel may not leave, once. */
export const withReason = (reasons: readonly Reason[], reason: Reason): readonly Reason[] =>
  reasons.some(({ code }) => code === reason.code) || reasons.length >= 20 ? reasons : [...reasons, reason];
