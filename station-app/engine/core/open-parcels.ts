import type { Outcome } from "@waystation/shared/facts/catalog";
import type { FactEnvelope } from "@waystation/shared/facts/envelope";
import type { RecoveredParcel } from "@waystation/shared/session/events";
import { type EndedParcel, recentLimit } from "@waystation/shared/session/state";
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

/**
 * The last parcels of a lane that ended, newest first: what is heard of one of them once more, for the sorter keeps its
 * events until they are durable, must not make a new parcel. Ids grow with time, so the table's own order serves.
 */
export function readRecentParcels(db: Sqlite, laneId: string, nowMs: number): EndedParcel[] {
  const where = `lane = ? AND outcome IS NOT NULL ORDER BY parcel_id DESC LIMIT ${recentLimit}`;
  const rows = readParcels(db, where, [laneId]).map((row) => {
    const ended = readFactsOf(db, row).findLast(({ type }) => type === "parcel.ended");
    const { parcelId, parcelIndex, barcode, weightGrams, chute } = row;
    return {
      parcelId,
      parcelIndex,
      barcodes: barcode === null ? [] : [barcode],
      weightGrams,
      size: parseSize(row.size),
      decision: null,
      order: null,
      outcome: row.outcome as Outcome,
      reasons: (ended?.payload.reasons ?? []) as EndedParcel["reasons"],
      chute,
      endedAtMs: ended === undefined ? 0 : Date.parse(ended.occurredAt),
    };
  });
  return rows.filter(({ endedAtMs }) => nowMs - endedAtMs < rememberedMs);
}

/** Longer than any event waits at a sorter; after it a belt may have counted from one again. */
const rememberedMs = 3_600_000;

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
