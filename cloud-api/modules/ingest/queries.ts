import { type Kysely, sql, type Transaction } from "kysely";
import { genesisHash } from "@waystation/shared/facts/envelope";
import type { CloudTables } from "../../db/tables.ts";
import type { UnknownFact } from "./check-upload.ts";
import type { LogKey } from "./fact-rows.ts";
import { mergeStatement, type ParcelOwner } from "./merge-parcels.ts";

type Tx = Transaction<CloudTables>;
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
  notes: readonly UnknownFact[],
): Promise<void> {
  if (notes.length === 0) return;
  await sql`insert into facts_to_project (station_id, log_id, sequence, parcel_id, name)
    select ${key.stationId}::text, ${key.logId}::text, sequence, parcel_id, name
    from jsonb_to_recordset(${JSON.stringify(notes)}::jsonb) as note(sequence bigint, parcel_id text, name text)`.execute(
    tx,
  );
}

export type LogAdvance = LogHead & { readonly logId: string };

/** What a batch says of its parcels and where its log now ends, in one statement: each costs a trip and a plan. */
export async function mergeAndAdvance(
  tx: Tx,
  owner: ParcelOwner,
  changes: string | null,
  { logId, receivedThrough, durableThrough, lastHash }: LogAdvance,
): Promise<void> {
  const merge = changes === null ? sql`` : sql`with merged as (${mergeStatement(owner, changes)})`;
  await sql`${merge} update acknowledgements
    set received_through = ${receivedThrough}, durable_through = ${durableThrough}, last_hash = ${lastHash},
      updated_at = now()
    where station_id = ${owner.stationId} and log_id = ${logId}`.execute(tx);
}

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
