import { gzipSync } from "node:zlib";
import pg from "pg";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { wireVersion } from "@waystation/shared/wire/cloud-http";
import { factBatchContentType, writeFactBatch } from "@waystation/shared/wire/fact-batch";
import { printRates, printValue } from "@waystation/station-app/bench/statistics";
import { type BenchCloud, startBenchCloud } from "./bench-cloud.ts";
import { makeParcelFacts } from "./parcel-facts.ts";

/**
 * Facts a second that the cloud's real process takes over HTTP from four stations at a time, all its checks
 * included, against what PostgreSQL inserts into the same table from a table of its own, batch by batch with a
 * commit each, and against inserting row by row. The embedded database is held against the same limit.
 */
const stationIds = ["s1", "s2", "s3", "s4"];
const factsPerBatch = 1000;
const batchesPerStation = 20;
const rounds = 5;
const factsPerRound = stationIds.length * batchesPerStation * factsPerBatch;
const rowsByRow = 4000;

type Station = Awaited<ReturnType<BenchCloud["enrol"]>>;
type Body = Uint8Array<ArrayBuffer>;

const postgres = await startBenchCloud("postgres");
const embedded = await startBenchCloud("embedded");
const client = new pg.Client({ connectionString: postgres.databaseUrl ?? "" });
await client.connect();
try {
  const onPostgres = await Promise.all(stationIds.map(postgres.enrol));
  const onEmbedded = await Promise.all(stationIds.map(embedded.enrol));
  // Code is compiled and the source of the limit is filled before anything is measured.
  await upload(postgres, onPostgres, "warm");
  await upload(embedded, onEmbedded, "warm");
  await prepareLimit();
  await insertInServer("warm");

  const pairs = { postgres: [] as Pair[], embedded: [] as Pair[], rows: [] as Pair[] };
  type Pair = { value: number; limit: number };
  for (let round = 1; round <= rounds; round += 1) {
    const limit = await insertInServer(`limit-${round}`);
    const ours = await upload(postgres, onPostgres, `round-${round}`);
    const small = await upload(embedded, onEmbedded, `round-${round}`);
    const byRow = await insertRowByRow(`rows-${round}`);
    pairs.postgres.push({ value: ours, limit });
    pairs.embedded.push({ value: small, limit });
    pairs.rows.push({ value: ours, limit: byRow });
  }
  printRates("ingest-postgres", "facts/s", pairs.postgres, 0.5);
  printRates("ingest-postgres-by-row", "facts/s", pairs.rows, 10);
  printRates("ingest-pglite", "facts/s", pairs.embedded, 0.25);
  printValue("ingest-postgres-memory", "MB", [postgres.memory().residentMegabytes]);
} finally {
  await client.end();
  await embedded.stop();
  await postgres.stop();
}

async function upload(cloud: BenchCloud, stations: readonly Station[], logId: string): Promise<number> {
  const bodies = stations.map(({ stationId }) => makeBodies(stationId, logId));
  const startedAt = performance.now();
  await Promise.all(stations.map((station, index) => send(cloud, station, bodies[index] ?? [])));
  return factsPerRound / ((performance.now() - startedAt) / 1000);
}

function makeBodies(stationId: string, logId: string): Body[] {
  const bodies: Body[] = [];
  let facts: StoredFact[] = [];
  for (const fact of makeParcelFacts(stationId, logId, batchesPerStation * factsPerBatch)) {
    facts.push(fact);
    if (facts.length < factsPerBatch) continue;
    const header = { wireVersion, stationId, logId, firstSequence: facts[0]?.sequence ?? 1 };
    bodies.push(new Uint8Array(gzipSync(writeFactBatch(header, facts))));
    facts = [];
  }
  return bodies;
}

async function send(cloud: BenchCloud, station: Station, bodies: readonly Body[]): Promise<void> {
  for (const body of bodies) {
    const response = await fetch(`${cloud.url}/v1/stations/${station.stationId}/facts`, {
      method: "POST",
      headers: { ...station.headers, "content-type": factBatchContentType, "content-encoding": "gzip" },
      body,
    });
    const reply = await response.text();
    if (!response.ok) throw new Error(`HTTP ${response.status} ${reply}`);
  }
}

async function prepareLimit(): Promise<void> {
  await client.query(`create unlogged table bench_source as
    select row_number() over (order by station_id, sequence) as n, facts.* from facts where log_id = 'warm'`);
  await client.query("create index on bench_source (n)");
  await client.query(`create procedure bench_insert(log text) language plpgsql as $$
    begin
      for batch in 0..${factsPerRound / factsPerBatch - 1} loop
        insert into facts (station_id, log_id, sequence, month, text, hash, fact_id, type, version, lane, parcel_id, occurred_at, payload)
          select 'limit', log, n, month, text, hash, fact_id, type, version, lane, parcel_id, occurred_at, payload
          from bench_source where n > batch * ${factsPerBatch} and n <= (batch + 1) * ${factsPerBatch};
        commit;
      end loop;
    end $$`);
}

async function insertInServer(logId: string): Promise<number> {
  const startedAt = performance.now();
  await client.query(`call bench_insert('${logId}')`);
  return factsPerRound / ((performance.now() - startedAt) / 1000);
}

/** One statement, one commit and one reply per fact. */
async function insertRowByRow(logId: string): Promise<number> {
  const { rows } = await client.query(`select * from bench_source where n <= ${rowsByRow} order by n`);
  const startedAt = performance.now();
  for (const row of rows) {
    await client.query({
      name: "by-row",
      text: `insert into facts (station_id, log_id, sequence, month, text, hash, fact_id, type, version, lane, parcel_id, occurred_at, payload)
        values ('rows', $1, $2, date_trunc('month', current_date), $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      values: [
        ...[logId, row.n, row.text, row.hash, row.fact_id, row.type, row.version],
        ...[row.lane, row.parcel_id, row.occurred_at, JSON.stringify(row.payload)],
      ],
    });
  }
  return rowsByRow / ((performance.now() - startedAt) / 1000);
}
