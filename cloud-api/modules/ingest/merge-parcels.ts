import { type RawBuilder, sql, type Transaction } from "kysely";
import type { CloudTables } from "../../db/tables.ts";
import { formatChanges, type ParcelChange } from "./fold-parcels.ts";

export type ParcelOwner = { readonly stationId: string; readonly tenantId: string; readonly hubId: string };

/** Adds what a batch says of parcels to what was known of them. Whoever calls holds the lock on the station's log. */
export async function mergeParcels(
  tx: Transaction<CloudTables>,
  owner: ParcelOwner,
  changes: readonly ParcelChange[],
): Promise<void> {
  const text = formatChanges(changes);
  if (text !== null) await mergeStatement(owner, text).execute(tx);
}

const statedColumns = [
  ...["lane", "barcode", "weight_grams", "length_millimetres", "width_millimetres", "height_millimetres"],
  ...["order_id", "channel_code", "verdict", "outcome", "reasons", "chute", "label_state", "divert_state"],
] as const;

const prefixed = (prefix: string): string => statedColumns.map((column) => `${prefix}.${column}`).join(", ");
const replaced = [...statedColumns, "fact_count", "last_occurred_at", "last_fact"]
  .map((column) => `${column} = excluded.${column}`)
  .join(", ");

/**
 * @param changes as formatChanges writes them. A field that a change does not mention is missing from its JSON, one that a fact takes back is null in it: that is
 * what jsonb_populate_record lays over the known row. `offset 0` keeps the planner at one look into the index for
 * each parcel; left alone it reads every parcel the station ever had, as long as the table was not analysed.
 */
export function mergeStatement(
  { stationId, tenantId, hubId }: ParcelOwner,
  changes: string,
): RawBuilder<unknown> {
  return sql`insert into parcels (station_id, tenant_id, hub_id, parcel_id, ${sql.raw(statedColumns.join(", "))},
      fact_count, first_occurred_at, last_occurred_at, last_fact)
    select ${stationId}::text, ${tenantId}::text, ${hubId}::text, merged.parcel_id, ${sql.raw(prefixed("merged"))},
      coalesce((known.parcel).fact_count, 0) + merged.fact_count,
      coalesce((known.parcel).first_occurred_at, merged.first_occurred_at), merged.last_occurred_at, merged.last_fact
    from jsonb_array_elements(${changes}::jsonb) as said(change)
    left join lateral (
      select parcels as parcel from parcels
      where station_id = ${stationId} and parcel_id = said.change->>'parcel_id' offset 0) known on true
    cross join lateral jsonb_populate_record(known.parcel, said.change) merged
    on conflict (station_id, parcel_id) do update set ${sql.raw(replaced)}, updated_at = now()`;
}
