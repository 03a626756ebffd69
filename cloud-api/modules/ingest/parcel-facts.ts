import { type RawBuilder, sql } from "kysely";

/** A stretch of a log in which facts of a parcel lie. */
export type FactSpan = [logId: string, first: number, last: number];

/** Facts of one parcel this near to each other in a log are one stretch: few, and short to look through. */
export const spanGap = 1000;

/** Adds a later fact to the stretches of its parcel. */
export function extendSpans(spans: FactSpan[], logId: string, sequence: number): void {
  const last = spans.at(-1);
  if (last !== undefined && last[0] === logId && sequence - last[2] <= spanGap) last[2] = sequence;
  else spans.push([logId, sequence, sequence]);
}

/** Known stretches with later ones behind them, in SQL: both expressions are jsonb, the first may be null. */
export function joinSpans(known: string, later: string): string {
  return `case when ${known}->-1->>0 = ${later}->0->>0
      and (${later}->0->>1)::bigint - (${known}->-1->>2)::bigint <= ${spanGap}
    then jsonb_set(${known}, '{-1,2}', ${later}->0->2) || (${later} - 0)
    else coalesce(${known}, '[]') || ${later} end`;
}

/**
 * For `from`: the rows of `facts` that are of this parcel. `offset 0` has every stretch looked up by the primary key,
 * whatever the planner believes of a table that was never analysed.
 */
export const parcelFacts = (stationId: string, parcelId: string): RawBuilder<unknown> => sql`(
    select span from parcels, jsonb_array_elements(fact_spans) as listed(span)
    where station_id = ${stationId} and parcel_id = ${parcelId}) stretches
  cross join lateral (select * from facts
    where station_id = ${stationId} and log_id = span->>0
      and sequence between (span->>1)::bigint and (span->>2)::bigint and parcel_id = ${parcelId}
    offset 0) as facts`;
