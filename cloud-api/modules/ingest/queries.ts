import { type Kysely, sql, type Transaction } from "kysely";
import { genesisHash } from "@waystation/shared/facts/envelope";
import type { CloudTables } from "../../db/tables.ts";
import type { ParcelChange } from "./fold-parcels.ts";
import { storable, storableValue } from "./storable.ts";
import type { VerifiedFact } from "./verify-facts.ts";

type Tx = Transaction<CloudTables>;
export type LogKey = { readonly stationId: string; readonly logId: string };
export type LogHead = {
  readonly receivedThrough: number;
  readonly durableThrough: number;
  readonly lastHash: string;
};

/** The head of a log, locked until the transaction ends: two uploads of one log go one after the other. */
export async function lockLogHead(tx: Tx, { stationId, logId }: LogKey): Promise<LogHead> {
  await tx
    .insertInto("acknowledgements")
    .values({
      station_id: stationId,
      log_id: logId,
      received_through: 0,
      durable_through: 0,
      last_hash: genesisHash,
    })
    .onConflict((conflict) => conflict.columns(["station_id", "log_id"]).doNothing())
    .execute();
  const row = await tx
    .selectFrom("acknowledgements")
    .select(["received_through", "durable_through", "last_hash"])
    .where("station_id", "=", stationId)
    .where("log_id", "=", logId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return {
    receivedThrough: row.received_through,
    durableThrough: row.durable_through,
    lastHash: row.last_hash,
  };
}

export async function readStoredHashes(
  tx: Tx,
  key: LogKey,
  from: number,
  to: number,
): Promise<Map<number, string>> {
  const rows = await tx
    .selectFrom("facts")
    .select(["sequence", "hash"])
    .where("station_id", "=", key.stationId)
    .where("log_id", "=", key.logId)
    .where("sequence", ">=", from)
    .where("sequence", "<=", to)
    .execute();
  return new Map(rows.map((row) => [row.sequence, row.hash]));
}

/** One statement for the whole batch: measured ten times as fast as a statement per row. */
export async function insertFacts(tx: Tx, key: LogKey, facts: readonly VerifiedFact[]): Promise<void> {
  const rows = facts.map(({ stored, envelope }) => ({
    sequence: stored.sequence,
    text: stored.text,
    hash: stored.hash,
    fact_id: storable(envelope.id),
    type: storable(envelope.type),
    version: envelope.version,
    lane: envelope.lane === null ? null : storable(envelope.lane),
    parcel_id: envelope.parcelId === null ? null : storable(envelope.parcelId),
    occurred_at: storable(envelope.occurredAt),
    payload: storableValue(envelope.payload),
  }));
  await sql`insert into facts (station_id, log_id, sequence, text, hash, fact_id, type, version, lane, parcel_id, occurred_at, payload)
    select ${key.stationId}::text, ${key.logId}::text, r.sequence, r.text, r.hash, r.fact_id, r.type, r.version,
      r.lane, r.parcel_id, r.occurred_at, r.payload
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(sequence bigint, text text, hash text, fact_id text,
      type text, version bigint, lane text, parcel_id text, occurred_at text, payload jsonb)`.execute(tx);
}

export async function advanceLogHead(
  tx: Tx,
  key: LogKey,
  through: number,
  durable: number,
  lastHash: string,
): Promise<void> {
  await tx
    .updateTable("acknowledgements")
    .set({ received_through: through, durable_through: durable, last_hash: lastHash, updated_at: new Date() })
    .where("station_id", "=", key.stationId)
    .where("log_id", "=", key.logId)
    .execute();
}

/** A value that the batch does not mention keeps what earlier facts said. */
export async function mergeParcels(
  tx: Tx,
  stationId: string,
  changes: readonly ParcelChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const keep = (column: string) =>
    sql`${sql.ref(column)} = coalesce(excluded.${sql.ref(column)}, parcels.${sql.ref(column)})`;
  const columns = sql.join(mergedColumns.map(sql.ref));
  await sql`insert into parcels (station_id, parcel_id, ${columns}, fact_count, first_occurred_at, last_occurred_at, last_fact)
    select ${stationId}::text, r.parcel_id, ${sql.join(mergedColumns.map((column) => sql.ref(`r.${column}`)))},
      r.fact_count, r.first_occurred_at, r.last_occurred_at, r.last_fact
    from jsonb_to_recordset(${JSON.stringify(storableValue(changes))}::jsonb) as r(parcel_id text, lane text, barcode text,
      weight_grams bigint, length_millimetres bigint, width_millimetres bigint, height_millimetres bigint,
      order_id text, channel_code text, verdict text, outcome text, reasons jsonb, chute bigint, label_state text,
      divert_state text, fact_count integer, first_occurred_at text, last_occurred_at text, last_fact text)
    on conflict (station_id, parcel_id) do update set ${sql.join(mergedColumns.map(keep))},
      fact_count = parcels.fact_count + excluded.fact_count, last_occurred_at = excluded.last_occurred_at,
      last_fact = excluded.last_fact, updated_at = now()`.execute(tx);
}

const mergedColumns = [
  "lane",
  "barcode",
  "weight_grams",
  "length_millimetres",
  "width_millimetres",
  "height_millimetres",
  "order_id",
  "channel_code",
  "verdict",
  "outcome",
  "reasons",
  "chute",
  "label_state",
  "divert_state",
] as const;

/** Raised once per fact: a station that tries again and again does not fill the table. */
export async function raiseForkAlarm(
  tx: Tx,
  key: LogKey,
  sequence: number,
  storedHash: string,
  offeredHash: string,
): Promise<void> {
  await tx
    .insertInto("fact_alarms")
    .values({
      station_id: key.stationId,
      log_id: key.logId,
      sequence,
      kind: "forked",
      stored_hash: storedHash,
      offered_hash: offeredHash,
    })
    .onConflict((conflict) => conflict.columns(["station_id", "log_id", "sequence", "kind"]).doNothing())
    .execute();
}

export type StationCount = { readonly stationId: string; readonly sinceParcel?: string };

/** Parcels of one station by outcome; `open` counts those without one. Parcel ids grow with time, so `sinceParcel` is a start (inclusive). */
export async function countParcels(
  kysely: Kysely<CloudTables>,
  { stationId, sinceParcel }: StationCount,
): Promise<Record<string, number>> {
  let query = kysely
    .selectFrom("parcels")
    .select(({ fn }) => [
      sql<string>`coalesce(outcome, 'open')`.as("outcome"),
      fn.countAll<number>().as("count"),
    ])
    .where("station_id", "=", stationId)
    .groupBy(sql`1`);
  if (sinceParcel !== undefined) query = query.where("parcel_id", ">=", sinceParcel);
  const rows = await query.execute();
  return Object.fromEntries(rows.map((row) => [row.outcome, Number(row.count)]));
}

export async function countFacts(kysely: Kysely<CloudTables>, stationId: string): Promise<number> {
  const row = await kysely
    .selectFrom("facts")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("station_id", "=", stationId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
