import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { migrations } from "../db/migrate.ts";
import type { CloudTables } from "../db/tables.ts";
import { makeFacts } from "./make-facts.ts";

const facts = makeFacts({ stationId: "station-1", count: 40 });
const bodyOf = (number: number): string => JSON.stringify({ orderId: `order-${number}`, kept: 'å®"quoted"' });

/** A database as the first published version left it, with rows of every kind. */
export async function fillOldDatabase(kysely: Kysely<CloudTables>): Promise<void> {
  const first = { "0001-initial": migrations["0001-initial"] };
  const provider = { getMigrations: async () => first as typeof migrations };
  const { error } = await new Migrator({ db: kysely, provider }).migrateToLatest();
  if (error !== undefined) throw new Error("the old schema was not made", { cause: error });
  for (let number = 1; number <= 30; number += 1) {
    const orderId = `order-${number}`;
    await sql`insert into orders (order_id, revision, body, waybill, reference, tracking_number, channel_code, status,
        declared_weight_grams, country, consignee_name)
      values (${orderId}, ${number}, ${bodyOf(number)}, ${`W${number}`}, ${`R${number}`}, null, 'US-STD', 'ready', 700, 'US', 'Ann')`.execute(
      kysely,
    );
    await sql`insert into shipments (order_id, revision, body, label_kind) values (${orderId}, ${number}, '{}', 'house')`.execute(
      kysely,
    );
    await sql`insert into releases (order_id, revision, parts_hash) values (${orderId}, ${number}, 'hash')`.execute(
      kysely,
    );
    await sql`insert into order_identifiers (identifier, order_id) values (${`W${number}`}, ${orderId})`.execute(
      kysely,
    );
  }
  await sql`insert into channels (code, version, body) values ('US-STD', 1, '{}')`.execute(kysely);
  await sql`insert into sort_plans (plan_id, version, body) values ('plan', 1, '{}')`.execute(kysely);
  await sql`insert into stations (station_id, name, token_hash) values ('station-1', 'One', 'hash')`.execute(
    kysely,
  );
  for (const { sequence, text, hash } of facts)
    await sql`insert into facts (station_id, log_id, sequence, text, hash, fact_id, type, version, occurred_at, parcel_id)
      values ('station-1', 'log-1', ${sequence}, ${text}, ${hash}, ${`f${sequence}`}, 'parcel.scanned', 1, '2026-01-01', 'p')`.execute(
      kysely,
    );
  await sql`insert into acknowledgements (station_id, log_id, received_through, durable_through, last_hash)
    values ('station-1', 'log-1', 40, 36, ${facts.at(-1)?.hash ?? ""})`.execute(kysely);
  await sql`insert into parcels (station_id, parcel_id, fact_count, first_occurred_at, last_occurred_at, last_fact)
    values ('station-1', 'p', 40, 'a', 'b', 'parcel.ended')`.execute(kysely);
  await sql`insert into fact_alarms (station_id, log_id, sequence, kind, stored_hash, offered_hash)
    values ('station-1', 'log-1', 3, 'forked', 'a', 'b')`.execute(kysely);
}

/** What is left of those rows, in a form to compare: one line per row, whose it is included. */
export async function readOldRows(kysely: Kysely<CloudTables>): Promise<unknown> {
  const read = async (query: string): Promise<unknown[]> => (await sql.raw(query).execute(kysely)).rows;
  return {
    orders: await read(
      "select tenant_id, hub_id, order_id, revision::int, body, erased_at from orders order by revision",
    ),
    shipments: await read(
      "select tenant_id, hub_id, order_id, revision::int from shipments order by revision",
    ),
    releases: await read("select tenant_id, hub_id, order_id, parts_hash from releases order by revision"),
    identifiers: await read("select tenant_id, identifier, order_id from order_identifiers order by 2"),
    channels: await read("select tenant_id, code from channels"),
    plans: await read("select tenant_id, hub_id, plan_id from sort_plans"),
    stations: await read("select tenant_id, hub_id, station_id, name from stations"),
    facts: await read("select sequence::int, text, hash from facts order by sequence"),
    acknowledgements: await read(
      "select received_through::int, durable_through::int, last_hash from acknowledgements",
    ),
    parcels: await read("select tenant_id, hub_id, parcel_id, fact_count from parcels"),
    alarms: await read("select sequence::int, kind from fact_alarms"),
  };
}

const owned = { tenant_id: "default", hub_id: "main" };
const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
const { tenant_id } = owned;

/** What `readOldRows` must give after every later migration. */
export const expectedOldRows: unknown = {
  orders: numbers.map((number) => ({
    ...owned,
    order_id: `order-${number}`,
    revision: number,
    body: bodyOf(number),
    erased_at: null,
  })),
  shipments: numbers.map((number) => ({ ...owned, order_id: `order-${number}`, revision: number })),
  releases: numbers.map((number) => ({ ...owned, order_id: `order-${number}`, parts_hash: "hash" })),
  identifiers: numbers
    .map((number) => ({ tenant_id, identifier: `W${number}`, order_id: `order-${number}` }))
    .toSorted((left, right) => (left.identifier < right.identifier ? -1 : 1)),
  channels: [{ tenant_id, code: "US-STD" }],
  plans: [{ ...owned, plan_id: "plan" }],
  stations: [{ ...owned, station_id: "station-1", name: "One" }],
  facts: facts.map(({ sequence, text, hash }) => ({ sequence, text, hash })),
  acknowledgements: [{ received_through: 40, durable_through: 36, last_hash: facts.at(-1)?.hash }],
  parcels: [{ ...owned, parcel_id: "p", fact_count: 40 }],
  alarms: [{ sequence: 3, kind: "forked" }],
};
