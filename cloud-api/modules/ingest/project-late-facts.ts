import { type FactEnvelope, factEnvelopeSchema } from "@waystation/shared/facts/envelope";
import { type Kysely, sql, type Transaction } from "kysely";
import type { CloudTables } from "../../db/tables.ts";
import { foldParcels, isKnownFact } from "./fold-parcels.ts";
import { mergeParcels, type ParcelOwner } from "./merge-parcels.ts";

/** Parcels made anew in one transaction. */
const parcelsAtOnce = 100;

type LateParcel = ParcelOwner & { readonly parcelId: string };

/**
 * A cloud that has learnt new fact types folds those it had kept unread into their parcels. Order matters in a
 * fold, so such a parcel is made anew from all its facts. Returns how many parcels were made anew.
 */
export async function projectLateFacts(kysely: Kysely<CloudTables>): Promise<number> {
  const { rows } = await sql<{ name: string }>`select distinct name from facts_to_project`.execute(kysely);
  const names = JSON.stringify(rows.map(({ name }) => name).filter(isKnownFact));
  let rebuilt = 0;
  for (;;) {
    const count = await kysely.transaction().execute((tx) => projectSome(tx, names));
    if (count === 0) return rebuilt;
    rebuilt += count;
  }
}

async function projectSome(tx: Transaction<CloudTables>, names: string): Promise<number> {
  const { rows: parcels } = await sql<LateParcel>`
    select distinct l.station_id as "stationId", l.parcel_id as "parcelId", p.tenant_id as "tenantId", p.hub_id as "hubId"
    from facts_to_project l join parcels p using (station_id, parcel_id)
    where l.name in (select jsonb_array_elements_text(${names}::jsonb)) limit ${parcelsAtOnce}`.execute(tx);
  for (const parcel of parcels) await rebuildParcel(tx, parcel);
  for (const { stationId, parcelId } of parcels)
    await sql`delete from facts_to_project where station_id = ${stationId} and parcel_id = ${parcelId}
      and name in (select jsonb_array_elements_text(${names}::jsonb))`.execute(tx);
  return parcels.length;
}

/** The parcel's row as its facts say it, from nothing. */
export async function rebuildParcel(tx: Transaction<CloudTables>, parcel: LateParcel): Promise<void> {
  const { stationId, parcelId } = parcel;
  // Uploads of the station wait: a fact that came in between would be counted twice or not at all.
  await sql`select 1 from acknowledgements where station_id = ${stationId} order by log_id for update`.execute(
    tx,
  );
  const { rows } = await sql<{ text: string }>`
    select text from facts where station_id = ${stationId} and parcel_id = ${parcelId}
    order by received_at, log_id, sequence`.execute(tx);
  await tx
    .deleteFrom("parcels")
    .where("station_id", "=", stationId)
    .where("parcel_id", "=", parcelId)
    .execute();
  await mergeParcels(tx, parcel, foldParcels(rows.map(({ text }) => readEnvelope(text))));
}

const readEnvelope = (text: string): FactEnvelope => factEnvelopeSchema.parse(JSON.parse(text));
