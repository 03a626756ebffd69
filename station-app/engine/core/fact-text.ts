import { hash } from "node:crypto";
import type { FactName } from "@waystation/shared/facts/catalog";
import { joinFactName, splitFactName } from "@waystation/shared/facts/catalog";
import type { FactDraft } from "@waystation/shared/facts/draft";
import type { FactEnvelope } from "@waystation/shared/facts/envelope";

/** Who and when a fact is from; the same for all facts of one commit. */
export type Stamp = {
  readonly stationId: string;
  readonly logId: string;
  readonly bootId: string;
  readonly occurredAt: string;
  readonly monotonicMs: number;
};

/** The exact text that is hashed, stored and sent; its keys stand in the order of the envelope's schema. */
export function writeFactText(
  draft: FactDraft,
  stamp: Stamp,
  place: { sequence: number; id: string; causedBy: string | null; previousHash: string },
): string {
  const { type, version } = splitFactName(draft.name);
  const envelope: FactEnvelope = {
    stationId: stamp.stationId,
    logId: stamp.logId,
    sequence: place.sequence,
    id: place.id,
    type,
    version,
    lane: draft.lane,
    parcelId: draft.parcelId,
    causedBy: place.causedBy,
    occurredAt: stamp.occurredAt,
    bootId: stamp.bootId,
    monotonicMs: stamp.monotonicMs,
    actor: draft.actor,
    payload: draft.payload,
    previousHash: place.previousHash,
  };
  return JSON.stringify(envelope);
}

/** Back to what the session stated; a fact of a newer version keeps its name and is left alone by projections. */
export function readFactDraft(envelope: FactEnvelope): FactDraft {
  const name = joinFactName(envelope.type, envelope.version) as FactName;
  return {
    name,
    lane: envelope.lane,
    parcelId: envelope.parcelId,
    actor: envelope.actor,
    payload: envelope.payload,
  } as FactDraft;
}

export const hashText = (text: string): string => hash("sha256", text, "hex");
