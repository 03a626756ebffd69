import { cloudFacts, type Evidence, type Notes } from "./gather-evidence.ts";
import { type Fact, sha256 } from "./read-fact.ts";
import { rebuildCloudParcels, rebuildStationParcels } from "./rebuild-parcels.ts";
import { storable } from "./rules-of-logs.ts";
import type { Query, Row } from "./run-description.ts";

/** Both parcel tables are what the facts beside them say. */
export function checkParcels(evidence: Evidence, notes: Notes): void {
  const { inUse, cloud } = evidence;
  const station = rebuildStationParcels(listOwnFacts(evidence));
  // A row goes with its parcel's last fact.
  for (const [parcelId, row] of station)
    if (Number(row.last_sequence) > 0 && Number(row.last_sequence) <= inUse.prunedThrough)
      station.delete(parcelId);
  const known = new Set(inUse.salvaged.map(({ number }) => number));
  // What was salvaged goes in the end, and a row that began there can then not be rebuilt from this file.
  const lacksBegin = (row: Row) => Number(row.first_sequence) < 0 && !known.has(Number(row.first_sequence));
  const [unknown, rows] = [inUse.parcels.filter(lacksBegin), inUse.parcels.filter((row) => !lacksBegin(row))];
  for (const row of unknown) station.delete(String(row.parcel_id));
  notes.count("parcelsBegunInPrunedLogs", unknown.length);
  compareRows("facts.db", rows, station, notes, "stationParcels");
  compareRows("the cloud", cloud.parcels, rebuildCloudParcels(cloudFacts(evidence)), notes, "cloudParcels");
}

/** In the file's own order; what it pruned is with the cloud. */
function* listOwnFacts({ inUse, cloud }: Evidence): Generator<{ fact: Fact; number: number }> {
  for (const fact of inUse.salvaged) yield { fact, number: fact.number };
  for (const fact of cloud.logs.get(inUse.logId) ?? [])
    if (fact.sequence <= inUse.prunedThrough) yield { fact, number: fact.sequence };
  for (const fact of inUse.facts)
    if (fact.sequence > inUse.prunedThrough) yield { fact, number: fact.sequence };
}

function compareRows(
  where: string,
  rows: readonly Row[],
  expected: ReadonlyMap<string, Row>,
  { find, count }: Notes,
  counter: string,
): void {
  const left = new Map([...expected].map(([parcelId, row]) => [storable(parcelId), row]));
  for (const row of rows) {
    count(counter);
    const parcelId = String(row.parcel_id);
    const rebuilt = left.get(parcelId);
    left.delete(parcelId);
    if (rebuilt === undefined) find("parcels", `${where} has a row of ${parcelId} and no fact about it`);
    for (const [column, value] of Object.entries(rebuilt ?? {}))
      if (plain(row[column]) !== plain(value))
        find(
          "parcels",
          `${where} says ${column} ${plain(row[column])} of ${parcelId}, its facts ${plain(value)}`,
        );
  }
  for (const parcelId of left.keys()) find("parcels", `${where} has no row of ${parcelId}`);
}

/** Numbers may come as text, and jsonb has its own order of keys. */
function plain(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (typeof value === "string") return storable(value) ?? "";
  if (Array.isArray(value)) return `[${value.map(plain).join()}]`;
  if (typeof value !== "object" || value === null) return String(value ?? null);
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${storable(key)}:${plain((value as Row)[key])}`).join()}}`;
}

/** A release names parts that are there, as they are there. */
export function checkReleases({ cloud }: Evidence, { find, count }: Notes): void {
  for (const row of cloud.releases) {
    count("releases");
    const { order_id, order_body, shipment_body, parts_hash } = row;
    const hash = sha256(`${String(order_body)}\n${String(shipment_body)}`);
    if (order_body === null || shipment_body === null || hash !== parts_hash)
      find("acknowledged", `the release of ${String(order_id)} does not name the parts the cloud has`);
    if (Number(row.revision) !== Number(row.order_revision))
      find("acknowledged", `release and order of ${String(order_id)} are of different revisions`);
  }
}

/** What the station shows was released as a whole, and at the end it shows just what the cloud has. */
export function checkReplica({ run, orders, cloud }: Evidence, { find, count }: Notes): void {
  if (orders === null) return;
  if (orders.trouble !== null) find("replica", `orders.db is not whole: ${orders.trouble}`);
  const released = new Map(cloud.releases.map((row) => [String(row.order_id), row]));
  for (const { orderId, revision, partsHash, body, label } of orders.orders) {
    count("visibleOrders");
    if (sha256(`${body}\n${label}`) !== partsHash)
      find("replica", `${orderId} is shown with other parts than its release names`);
    const release = released.get(orderId);
    released.delete(orderId);
    if (!run.quiesced) continue;
    if (release === undefined) find("replica", `${orderId} is shown, and the cloud has not released it`);
    else if (Number(release.revision) !== revision || release.parts_hash !== partsHash)
      find(
        "replica",
        `${orderId} is shown as revision ${revision}, the cloud has ${String(release.revision)}`,
      );
  }
  if (run.quiesced)
    for (const orderId of released.keys()) find("replica", `${orderId} is released and not shown`);
}

const quote = (name: unknown): string => `"${String(name).replaceAll('"', '""')}"`;

/** Money neither comes from nowhere nor goes there. A cloud without ledgers has nothing to say. */
export async function checkLedgers(query: Query, { find, count }: Notes): Promise<void> {
  const columns = await query(
    `SELECT c.oid::regclass::text AS place, c.relname AS name, a.attname AS column
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname LIKE '%ledger%' AND a.attnum > 0
       AND NOT a.attisdropped AND (a.attname LIKE '%amount%' OR a.attname LIKE '%currency%')`,
    [],
  );
  for (const place of new Set(columns.map((row) => String(row.place)))) {
    const named = (part: string) =>
      columns.find((row) => row.place === place && String(row.column).includes(part))?.column;
    const [amount, currency] = [named("amount"), named("currency")];
    if (amount === undefined) continue;
    count("ledgers");
    const key = currency === undefined ? "''" : quote(currency);
    const sums = await query(
      `SELECT ${key} AS currency, sum(${quote(amount)})::text AS total FROM ${place} GROUP BY 1`,
      [],
    );
    for (const { currency: of, total } of sums)
      if (Number(total) !== 0) find("ledger", `${place} sums to ${String(total)} ${String(of)}`);
  }
}
