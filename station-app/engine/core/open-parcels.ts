import type { Outcome } from "@waystation/shared/facts/catalog";
import type { FactEnvelope } from "@waystation/shared/facts/envelope";
import type { RecoveredParcel } from "@waystation/shared/session/events";
import type { Sqlite } from "./open-database.ts";
import { readParcels } from "./parcel-table.ts";
import type { ParcelRow } from "./project-parcel.ts";

/** A parcel that was under way when the engine stopped, or ended while its label's outcome was still out. */
export type OpenParcel = { readonly lane: string; readonly ended: boolean; readonly parcel: RecoveredParcel };

/** Read at start, oldest first; everything in it comes from facts. */
export function readOpenParcels(db: Sqlite): OpenParcel[] {
  return readParcels(db, "outcome IS NULL OR label = 'requested' ORDER BY first_sequence").map((row) => ({
    lane: row.lane,
    ended: row.outcome !== null,
    parcel: recoverRow(db, row),
  }));
}

function recoverRow(db: Sqlite, row: ParcelRow): RecoveredParcel {
  const facts = readFactsOf(db, row);
  const judged = facts.findLast(({ type }) => type === "parcel.judged");
  const requested = facts.findLast(({ type }) => type === "label.requested");
  const { parcelId, parcelIndex, barcode, weightGrams, orderId, chute, labelJob } = row;
  return {
    parcelId,
    parcelIndex,
    barcode,
    weightGrams,
    size: parseSize(row.size),
    orderId,
    verdict: row.verdict as Outcome | null,
    reasons: (judged?.payload.reasons ?? []) as RecoveredParcel["reasons"],
    chute,
    label: (row.label ?? "none") as RecoveredParcel["label"],
    labelJob,
    odometerBefore: (requested?.payload.odometerBefore ?? null) as number | null,
    divert: row.divert === "requested" || row.divert === "failed" ? row.divert : "none",
  };
}

/** No index by parcel, for the hot path pays for every index: a parcel's facts lie between its first and its last. */
function readFactsOf(db: Sqlite, { parcelId, firstSequence, lastSequence }: ParcelRow): FactEnvelope[] {
  const texts = db
    .prepare("SELECT text FROM facts WHERE sequence BETWEEN ? AND ? ORDER BY sequence")
    .pluck()
    .all(firstSequence, lastSequence) as string[];
  return texts.map((text) => JSON.parse(text) as FactEnvelope).filter((fact) => fact.parcelId === parcelId);
}

function parseSize(text: string | null): RecoveredParcel["size"] {
  const [lengthMillimetres, widthMillimetres, heightMillimetres] = (text ?? "").split("x").map(Number);
  if (lengthMillimetres === undefined || widthMillimetres === undefined || heightMillimetres === undefined)
    return null;
  return { lengthMillimetres, widthMillimetres, heightMillimetres };
}
