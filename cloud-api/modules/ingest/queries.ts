import { type Kysely, sql, type Transaction } from "kysely";
import { genesisHash } from "@waystation/shared/facts/envelope";
import { type Copy, formatCopyRow } from "../../db/bulk.ts";
import type { CloudTables } from "../../db/tables.ts";
import { type ParcelChange, unwrapSalvaged } from "./fold-parcels.ts";
import { isStorable, storable, storableValue } from "./storable.ts";
import type { VerifiedFact } from "./verify-facts.ts";

type Tx = Transaction<CloudTables>;
export type LogKey = { readonly stationId: string; readonly logId: string };
export type LogHead = {
  readonly receivedThrough: number;
  readonly durableThrough: number;
  readonly lastHash: string;
};

/** The head of a log, locked until the transaction ends: two uploads of one log go one after the other. */
export async function lockLogHead(tx: Tx, key: LogKey): Promise<LogHead> {
  const found = await selectLogHead(tx, key);
  if (found !== undefined) return found;
  await tx
    .insertInto("acknowledgements")
    .values({
      station_id: key.stationId,
      log_id: key.logId,
      received_through: 0,
      durable_through: 0,
      last_hash: genesisHash,
    })
    .onConflict((conflict) => conflict.columns(["station_id", "log_id"]).doNothing())
    .execute();
  return (await selectLogHead(tx, key)) ?? emptyHead;
}

const emptyHead: LogHead = { receivedThrough: 0, durableThrough: 0, lastHash: genesisHash };

const selectLogHead = (tx: Tx, { stationId, logId }: LogKey): Promise<LogHead | undefined> =>
  tx
    .selectFrom("acknowledgements")
    .select([
      "received_through as receivedThrough",
      "durable_through as durableThrough",
      "last_hash as lastHash",
    ])
    .where("station_id", "=", stationId)
    .where("log_id", "=", logId)
    .forUpdate()
    .executeTakeFirst();

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

/** All in one COPY: the texts cross once and as they are, and the columns beside them were derived while they were checked. */
export function insertFacts(
  copy: Copy,
  key: LogKey,
  month: string,
  facts: readonly VerifiedFact[],
): Promise<void> {
  return copy(
    "facts",
    factColumns,
    facts.map((fact) => formatCopyRow([key.stationId, key.logId, month, ...readColumns(fact)])),
  );
}

const factColumns = [
  ...["station_id", "log_id", "month", "sequence", "text", "hash", "fact_id", "type", "version"],
  ...["lane", "parcel_id", "occurred_at", "payload"],
];

function readColumns({ stored, envelope }: VerifiedFact): (string | number | null)[] {
  const { sequence, text, hash } = stored;
  const { id, type, version, lane, occurredAt, payload } = envelope;
  const { parcelId } = unwrapSalvaged(envelope);
  if (isStorable(text))
    return [sequence, text, hash, id, type, version, lane, parcelId, occurredAt, JSON.stringify(payload)];
  const orNull = (value: string | null) => (value === null ? null : storable(value));
  return [
    ...[sequence, text, hash, storable(id), storable(type), version],
    ...[orNull(lane), orNull(parcelId), storable(occurredAt), JSON.stringify(storableValue(payload))],
  ];
}

/** PostgreSQL's answer to a row for which there is no partition. */
export const isMonthMissing = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  error.code === "23514" &&
  error.message.includes("no partition");

/** Makes the partitions of a month if they are not there; `month` is any day of it, as YYYY-MM-DD. */
export const addFactMonth = (kysely: Kysely<CloudTables>, month: string): Promise<unknown> =>
  sql`select add_fact_month(${month}::text::date)`.execute(kysely);

/** What this program cannot fold into parcels is noted for one that can. */
export async function rememberUnknownFacts(
  tx: Tx,
  key: LogKey,
  facts: readonly VerifiedFact[],
): Promise<void> {
  const rows = facts.flatMap(({ stored, envelope: { parcelId, type, version } }) =>
    parcelId === null
      ? []
      : [
          {
            station_id: key.stationId,
            log_id: key.logId,
            sequence: stored.sequence,
            parcel_id: storable(parcelId),
            name: storable(`${type}.v${version}`),
          },
        ],
  );
  if (rows.length > 0) await tx.insertInto("facts_to_project").values(rows).execute();
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

export type ParcelOwner = { readonly stationId: string; readonly tenantId: string; readonly hubId: string };

/**
 * Adds what a batch says of parcels to what was known of them. They are merged here and not in the statement, which
 * could not tell a value that a fact takes back (null) from one it does not mention. Whoever calls holds the lock on
 * the station's log, so nobody else writes these rows.
 */
export async function mergeParcels(
  tx: Tx,
  { stationId, tenantId, hubId }: ParcelOwner,
  changes: readonly ParcelChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const stated = makeStorable(changes);
  const known = await readKnownParcels(tx, stationId, stated);
  const rows = stated.map((change) => addChange(known.get(change.parcel_id), change));
  const columns = sql.join(mergedColumns.map(sql.ref));
  const replace = (column: string) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`;
  await sql`insert into parcels (station_id, tenant_id, hub_id, parcel_id, ${columns}, fact_count, first_occurred_at, last_occurred_at, last_fact)
    select ${stationId}::text, ${tenantId}::text, ${hubId}::text, r.parcel_id, ${sql.join(mergedColumns.map((column) => sql.ref(`r.${column}`)))},
      r.fact_count, r.first_occurred_at, r.last_occurred_at, r.last_fact
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(parcel_id text, lane text, barcode text,
      weight_grams bigint, length_millimetres bigint, width_millimetres bigint, height_millimetres bigint,
      order_id text, channel_code text, verdict text, outcome text, reasons jsonb, chute bigint, label_state text,
      divert_state text, fact_count integer, first_occurred_at text, last_occurred_at text, last_fact text)
    on conflict (station_id, parcel_id) do update set ${sql.join(mergedColumns.map(replace))},
      fact_count = excluded.fact_count, last_occurred_at = excluded.last_occurred_at,
      last_fact = excluded.last_fact, updated_at = now()`.execute(tx);
}

const makeStorable = (changes: readonly ParcelChange[]): readonly ParcelChange[] =>
  isStorable(JSON.stringify(changes)) ? changes : (storableValue(changes) as ParcelChange[]);

async function readKnownParcels(
  tx: Tx,
  stationId: string,
  changes: readonly ParcelChange[],
): Promise<Map<string, ParcelChange>> {
  const ids = JSON.stringify(changes.map((change) => change.parcel_id));
  const { rows } = await sql<ParcelChange>`
    select parcel_id, ${sql.join(mergedColumns.map(sql.ref))}, fact_count, first_occurred_at, last_occurred_at, last_fact
    from parcels where station_id = ${stationId} and parcel_id in (select jsonb_array_elements_text(${ids}::jsonb))`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.parcel_id, row]));
}

const addChange = (known: ParcelChange | undefined, change: ParcelChange): ParcelChange =>
  known === undefined
    ? change
    : {
        ...known,
        ...change,
        fact_count: known.fact_count + change.fact_count,
        first_occurred_at: known.first_occurred_at,
      };

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
