import type { FactDraft } from "@waystation/shared/facts/draft";

/** One row of the parcel table; everything in it can be rebuilt from the facts. */
export type ParcelRow = {
  parcelId: string;
  lane: string;
  parcelIndex: number | null;
  firstSequence: number;
  lastSequence: number;
  barcode: string | null;
  weightGrams: number | null;
  size: string | null;
  orderId: string | null;
  /** The order this parcel has used up: its label may exist, or it left. Another parcel of it is a duplicate. */
  handledOrder: string | null;
  verdict: string | null;
  outcome: string | null;
  chute: number | null;
  label: string | null;
  labelJob: string | null;
  divert: string | null;
  divertCommand: string | null;
};

/** The same function serves the hot path and the rebuild: that is what makes them equal. */
export function projectFact(
  row: ParcelRow | undefined,
  fact: FactDraft,
  sequence: number,
): ParcelRow | undefined {
  if (fact.parcelId === null) return row;
  const base = row ?? newRow(fact.parcelId, fact.lane ?? "", sequence);
  return { ...base, ...changesBy(fact, base), lastSequence: sequence };
}

function newRow(parcelId: string, lane: string, sequence: number): ParcelRow {
  return {
    parcelId,
    lane,
    parcelIndex: null,
    firstSequence: sequence,
    lastSequence: sequence,
    barcode: null,
    weightGrams: null,
    size: null,
    orderId: null,
    handledOrder: null,
    verdict: null,
    outcome: null,
    chute: null,
    label: null,
    labelJob: null,
    divert: null,
    divertCommand: null,
  };
}

function changesBy(fact: FactDraft, row: ParcelRow): Partial<ParcelRow> {
  switch (fact.name) {
    case "parcel.inducted.v1":
      return { parcelIndex: fact.payload.parcelIndex };
    case "parcel.scanned.v1":
      return { barcode: fact.payload.data };
    case "parcel.weighed.v1":
      return { weightGrams: fact.payload.weightGrams };
    case "parcel.measured.v1": {
      const { lengthMillimetres, widthMillimetres, heightMillimetres } = fact.payload;
      return { size: `${lengthMillimetres}x${widthMillimetres}x${heightMillimetres}` };
    }
    case "parcel.judged.v1":
      return { verdict: fact.payload.verdict, orderId: fact.payload.orderId, chute: fact.payload.chute };
    case "label.requested.v1":
      return { label: "requested", labelJob: fact.payload.jobId, handledOrder: row.orderId };
    case "label.printed.v1":
      return { label: "printed" };
    case "label.failed.v1":
      return { label: "failed", handledOrder: null };
    case "label.unknown.v1":
      return { label: "unknown" };
    case "label.resolved.v1":
      return fact.payload.printed ? { label: "printed" } : { label: "failed", handledOrder: null };
    case "divert.requested.v1":
      return { divert: "requested", divertCommand: fact.payload.commandId };
    case "divert.confirmed.v1":
      return { divert: "confirmed", chute: fact.payload.chute };
    case "divert.failed.v1":
      return { divert: "failed" };
    case "divert.unknown.v1":
      return { divert: "unknown" };
    case "parcel.ended.v1":
      return {
        outcome: fact.payload.outcome,
        chute: fact.payload.chute,
        ...(fact.payload.outcome === "accepted" ? { handledOrder: row.orderId } : {}),
      };
    default:
      return {};
  }
}
