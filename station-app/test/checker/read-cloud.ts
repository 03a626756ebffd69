import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { type Fact, readFact } from "./read-fact.ts";
import type { CloudSource, Query, Row } from "./run-description.ts";

export type CloudFact = Fact & {
  /** When it, or one before it in its log, was last received; orders the logs of a station. */
  readonly arrivedAt: number;
  /** What the columns beside the text say. */
  readonly columns: Row;
};
export type CloudStation = {
  readonly tenantId: string | null;
  readonly hubId: string | null;
  /** By log, in the order of their sequences; a sequence that lies there twice is there twice. */
  readonly logs: ReadonlyMap<string, readonly CloudFact[]>;
  readonly acknowledgements: readonly Row[];
  readonly alarms: readonly Row[];
  readonly parcels: readonly Row[];
  readonly releases: readonly Row[];
};
export type CloudConnection = { readonly query: Query; readonly close: () => Promise<void> };

/** An embedded database is copied first, so that looking at it changes nothing. It must be stopped. */
export async function connectCloud(source: CloudSource): Promise<CloudConnection> {
  if ("query" in source) return { query: source.query, close: async () => undefined };
  return "folder" in source ? openFolder(source.folder) : openPostgres(source.postgresUrl);
}

async function openFolder(folder: string): Promise<CloudConnection> {
  const found = [join(folder, "database"), folder].find((path) => existsSync(join(path, "PG_VERSION")));
  if (found === undefined) throw new Error(`cloud.folder: no database lies in ${folder}`);
  const copy = await mkdtemp(join(tmpdir(), "waystation-checked-"));
  const remove = () => rm(copy, { recursive: true, force: true });
  try {
    await cp(found, join(copy, "database"), { recursive: true });
    const db = await PGlite.create({ dataDir: join(copy, "database") });
    return {
      query: async (sql, params) => (await db.query<Row>(sql, [...params])).rows,
      close: async () => {
        await db.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function openPostgres(connectionString: string): Promise<CloudConnection> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 });
  await client.connect();
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return {
    query: async (sql, params) => (await client.query<Row>(sql, [...params])).rows,
    close: () => client.end(),
  };
}

export async function readCloudStation(query: Query, stationId: string): Promise<CloudStation> {
  const of = (table: string) => query(`SELECT * FROM ${table} WHERE station_id = $1`, [stationId]);
  const [station] = await of("stations");
  const [tenantId, hubId] = [station?.tenant_id ?? null, station?.hub_id ?? null] as (string | null)[];
  return {
    tenantId: tenantId ?? null,
    hubId: hubId ?? null,
    logs: await readLogs(query, stationId),
    acknowledgements: await of("acknowledgements"),
    alarms: await of("fact_alarms"),
    parcels: await of("parcels"),
    releases: await query(
      `SELECT r.order_id, r.revision, r.parts_hash, o.revision AS order_revision, o.body AS order_body,
         s.body AS shipment_body, o.waybill, o.tracking_number
       FROM releases r LEFT JOIN orders o USING (tenant_id, order_id) LEFT JOIN shipments s USING (tenant_id, order_id)
       WHERE r.tenant_id = $1 AND r.hub_id = $2`,
      [tenantId, hubId],
    ),
  };
}

/** One answer of this many facts at most: the embedded database builds it in its own small memory. */
const factsAtOnce = 20_000;

async function readLogs(query: Query, stationId: string): Promise<Map<string, CloudFact[]>> {
  const ends = await query(
    "SELECT log_id, min(sequence) AS first, max(sequence) AS last FROM facts WHERE station_id = $1 GROUP BY 1",
    [stationId],
  );
  const logs = new Map<string, CloudFact[]>();
  for (const end of ends) {
    const logId = String(end.log_id);
    const facts: CloudFact[] = [];
    let arrivedAt = 0;
    for (let from = Number(end.first); from <= Number(end.last); from += factsAtOnce)
      for (const row of await readRange(query, stationId, logId, from)) {
        const { sequence, hash, arrived, ...columns } = JSON.parse(String(row.columns)) as Row;
        arrivedAt = Math.max(arrivedAt, Number(arrived));
        const place = { stationId, logId, sequence: Number(sequence) };
        facts.push(Object.assign(readFact(place, String(row.text), String(hash)), { arrivedAt, columns }));
      }
    logs.set(logId, facts);
  }
  return logs;
}

/** What lies beside the text in one column: drivers take their time over each field, and there are many facts. */
const readRange = (query: Query, stationId: string, logId: string, from: number) =>
  query(
    `SELECT text, json_build_object('sequence', sequence, 'hash', hash, 'type', type, 'version', version, 'lane', lane,
       'parcel_id', parcel_id, 'arrived', extract(epoch FROM received_at))::text AS columns
     FROM facts WHERE station_id = $1 AND log_id = $2 AND sequence BETWEEN $3 AND $4 ORDER BY sequence, month`,
    [stationId, logId, from, from + factsAtOnce - 1],
  );
