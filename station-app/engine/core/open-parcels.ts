import type { Outcome } from "@waystation/shared/facts/catalog";
import type { FactEnvelope } from "@waystation/shared/facts/envelope";
import type { RecoveredParcel } from "@waystation/shared/session/events";
import { type EndedParcel, recentLimit } from "@waystation/shared/session/state";
import type { Sqlite } from "./open-database.ts";
import { prepareReadParcel, readParcels } from "./parcel-table.ts";
import type { ParcelRow } from "./project-parcel.ts";

/** A parcel that was under way when the engine stopped, or ended while its label's outcome was still out. */
export type OpenParcel = { readonly lane: string; readonly ended: boolean; readonly parcel: RecoveredParcel };

/**
 * Read at start, oldest first; everything in it comes from facts.
 * @param above parcels whose last fact is older lost their end with a damaged file: nobody is asked about them.
 */
export function readOpenParcels(db: Sqlite, above = -Number.MAX_SAFE_INTEGER): OpenParcel[] {
  const where = `(outcome IS NULL OR label = 'requested') ORDER BY first_sequence`;
  return readParcels(db, where)
    .filter((row) => row.lastSequence > above)
    .map((row) => ({ lane: row.lane, ended: row.outcome !== null, parcel: recoverRow(db, row) }));
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

/** Enough for the last parcels of every lane a station may have; a lane that stood still that long has nothing on its belt. */
const factsLookedAt = 10_000;
const factsPerRead = 500;

/**
 * The last parcels of these lanes that ended, newest first: what is heard of one of them once more, for the sorter keeps
 * its events until they are durable, must not make a new parcel. Found from the end of the log, so that neither the
 * size of the tables nor a clock that was set has a say in it. Busy lanes have theirs within a few pages, and then the
 * rest of the log is left alone.
 */
export function readRecentParcels(
  db: Sqlite,
  laneIds: readonly string[],
): ReadonlyMap<string, readonly EndedParcel[]> {
  const recent = new Map(laneIds.map((laneId) => [laneId, [] as EndedParcel[]]));
  const missing = new Set(laneIds);
  const readParcel = prepareReadParcel(db);
  for (const ended of readEndedBackwards(db)) {
    if (missing.size === 0) break;
    const { lane, parcelId } = ended;
    const ofLane = lane !== null && missing.has(lane) ? recent.get(lane) : undefined;
    if (lane === null || ofLane === undefined || parcelId === null) continue;
    const row = readParcel(parcelId);
    if (row !== undefined && row.outcome !== null) ofLane.push(describeEnded(row, ended));
    if (ofLane.length === recentLimit) missing.delete(lane);
  }
  return recent;
}

function* readEndedBackwards(db: Sqlite): Generator<FactEnvelope> {
  let left = factsLookedAt;
  for (const [table, key] of [
    ["facts", "sequence"],
    ["salvaged", "number"],
  ] as const) {
    const select = db.prepare(
      `SELECT ${key} AS number, text FROM ${table} WHERE ${key} < ? ORDER BY ${key} DESC LIMIT ${factsPerRead}`,
    );
    for (let below = Number.MAX_SAFE_INTEGER; left > 0; ) {
      const rows = select.all(below) as { number: number; text: string }[];
      if (rows.length === 0) break;
      for (const { text } of rows) if (text.includes(endedMark)) yield JSON.parse(text) as FactEnvelope;
      left -= rows.length;
      below = rows.at(-1)?.number ?? 0;
    }
  }
}

const endedMark = '"type":"parcel.ended"';

function describeEnded(row: ParcelRow, ended: FactEnvelope): EndedParcel {
  const { parcelId, parcelIndex, barcode, weightGrams, chute, divertCommand: commandId } = row;
  return {
    parcelId,
    parcelIndex,
    barcodes: barcode === null ? [] : [barcode],
    weightGrams,
    size: parseSize(row.size),
    decision: null,
    order: null,
    outcome: row.outcome as Outcome,
    reasons: (ended.payload.reasons ?? []) as EndedParcel["reasons"],
    chute,
    commandId,
    isConfirmed: row.divert === "confirmed",
    endedAtMs: Date.parse(ended.occurredAt),
  };
}

/**
 * No index by parcel, for the hot path pays for every index: a parcel's facts lie between its first and its last.
 * Those that were salvaged from a former log are numbered below zero.
 */
function readFactsOf(db: Sqlite, { parcelId, firstSequence, lastSequence }: ParcelRow): FactEnvelope[] {
  const between = (table: string, key: string): string[] =>
    db
      .prepare(`SELECT text FROM ${table} WHERE ${key} BETWEEN ? AND ? ORDER BY ${key}`)
      .pluck()
      .all(firstSequence, lastSequence) as string[];
  const texts = [
    ...(firstSequence < 0 ? between("salvaged", "number") : []),
    ...(lastSequence > 0 ? between("facts", "sequence") : []),
  ];
  return texts.map((text) => JSON.parse(text) as FactEnvelope).filter((fact) => fact.parcelId === parcelId);
}

function parseSize(text: string | null): RecoveredParcel["size"] {
  const [lengthMillimetres, widthMillimetres, heightMillimetres] = (text ?? "").split("x").map(Number);
  if (lengthMillimetres === undefined || widthMillimetres === undefined || heightMillimetres === undefined)
    return null;
  return { lengthMillimetres, widthMillimetres, heightMillimetres };
}
