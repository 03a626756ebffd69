import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import pg from "pg";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { wireVersion } from "@waystation/shared/wire/cloud-http";
import { factBatchContentType, writeFactBatch } from "@waystation/shared/wire/fact-batch";
import { readProcessorSeconds } from "@waystation/station-app/bench/child";
import { type Pair, printRates, printValue } from "@waystation/station-app/bench/statistics";
import { type BenchCloud, startBenchCloud } from "./bench-cloud.ts";
import { makeParcelFacts } from "./parcel-facts.ts";

/**
 * Facts a second that the cloud's real process takes over HTTP from four stations at a time, all its checks
 * included, against what PostgreSQL inserts into the same table from a table of its own, batch by batch with a
 * commit each, and against inserting row by row. The embedded database is held against the same limit.
 */
const stationIds = ["s1", "s2", "s3", "s4"];
const factsPerBatch = 1000;
const { rounds, batches, only } = readOptions();
const factsPerRound = stationIds.length * batches * factsPerBatch;
const rowsByRow = 4000;
/** Connections are kept for a round only: between two of them the cloud may end those that rest. */
let agent = new Agent({ keepAlive: true });

type Kind = "postgres" | "embedded";
type Station = Awaited<ReturnType<BenchCloud["enrol"]>>;
type Body = Uint8Array<ArrayBuffer>;
type Side = { readonly cloud: BenchCloud; readonly stations: readonly Station[]; readonly pairs: Pair[] };

await using resources = new AsyncDisposableStack();
const postgres = await open("postgres");
const embedded = only === "postgres" ? null : await open("embedded");
const client = new pg.Client({ connectionString: postgres.cloud.databaseUrl ?? "" });
await client.connect();
resources.defer(() => client.end());
await prepareLimit();
await insertInServer("warm");
await measure();

async function measure(): Promise<void> {
  const byRow: Pair[] = [];
  const processor = { cloud: [] as number[], database: [] as number[] };
  for (let round = 1; round <= rounds; round += 1) {
    const limit = await insertInServer(`limit-${round}`);
    if (only !== "embedded") {
      const before = await readProcessor();
      const value = await upload(postgres, `round-${round}`);
      const after = await readProcessor();
      for (const side of ["cloud", "database"] as const)
        processor[side].push(((after[side] - before[side]) * 1e6) / factsPerRound);
      postgres.pairs.push({ value, limit });
      byRow.push({ value, limit: await insertRowByRow(`rows-${round}`) });
    }
    if (embedded !== null) embedded.pairs.push({ value: await upload(embedded, `round-${round}`), limit });
  }
  if (only !== "embedded") {
    printRates("ingest-postgres", "facts/s", postgres.pairs, 0.5);
    printRates("ingest-postgres-by-row", "facts/s", byRow, 10);
    printValue("ingest-postgres-memory", "MB", [postgres.cloud.memory().residentMegabytes]);
    printValue("ingest-postgres-cloud-processor", "ms per 1,000 facts", processor.cloud);
    printValue("ingest-postgres-database-processor", "ms per 1,000 facts", processor.database);
  }
  if (embedded === null) return;
  printRates("ingest-pglite", "facts/s", embedded.pairs, 0.25);
  printValue("ingest-pglite-memory", "MB", [embedded.cloud.memory().residentMegabytes]);
  printValue("ingest-pglite-memory-peak", "MB", [embedded.cloud.memory().peakMegabytes]);
}

/** `--only postgres` or `--only embedded` for one of them, `--rounds N --batches N` for a shorter or longer run. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      batches: { type: "string", default: "20" },
      only: { type: "string" },
    },
  });
  return { rounds: Number(values.rounds), batches: Number(values.batches), only: values.only };
}

/** The first upload compiles the code before anything is measured, and fills what the limit is measured from. */
async function open(kind: Kind): Promise<Side> {
  const cloud = await startBenchCloud(kind, { WAYSTATION_CLOUD_LOG_LEVEL: "warning" });
  resources.defer(cloud.stop);
  const side = { cloud, stations: await Promise.all(stationIds.map(cloud.enrol)), pairs: [] };
  await upload(side, "warm");
  return side;
}

/** Processor seconds so far: the cloud's process, and PostgreSQL's processes that work for it. */
async function readProcessor(): Promise<{ readonly cloud: number; readonly database: number }> {
  const { rows } = await client.query<{ pid: number }>(
    "select pid from pg_stat_activity where application_name = 'waystation-cloud'",
  );
  const database = rows
    .map(({ pid }) => readProcessorSeconds(pid))
    .reduce((sum, seconds) => sum + seconds, 0);
  return { cloud: readProcessorSeconds(postgres.cloud.pid), database };
}

async function upload({ cloud, stations }: Side, logId: string): Promise<number> {
  const bodies = stations.map(({ stationId }) => makeBodies(stationId, logId));
  agent = new Agent({ keepAlive: true });
  const startedAt = performance.now();
  await Promise.all(stations.map((station, index) => send(cloud, station, bodies[index] ?? [])));
  const seconds = (performance.now() - startedAt) / 1000;
  agent.destroy();
  return factsPerRound / seconds;
}

function makeBodies(stationId: string, logId: string): Body[] {
  const bodies: Body[] = [];
  let facts: StoredFact[] = [];
  for (const fact of makeParcelFacts(stationId, logId, batches * factsPerBatch)) {
    facts.push(fact);
    if (facts.length < factsPerBatch) continue;
    const header = { wireVersion, stationId, logId, firstSequence: facts[0]?.sequence ?? 1 };
    bodies.push(new Uint8Array(gzipSync(writeFactBatch(header, facts))));
    facts = [];
  }
  return bodies;
}

/** As the station's uplink does while all is well: the next batch goes out before the last one is answered. */
async function send(cloud: BenchCloud, station: Station, bodies: readonly Body[]): Promise<void> {
  let before = Promise.resolve();
  for (const body of bodies) {
    const sent = sendOne(cloud, station, body, before);
    // Whoever waits for it hears of its failure.
    sent.catch(() => undefined);
    await before;
    before = sent;
  }
  await before;
}

async function sendOne(
  cloud: BenchCloud,
  station: Station,
  body: Body,
  before: Promise<void>,
): Promise<void> {
  const { status, reply } = await post(`${cloud.url}/v1/stations/${station.stationId}/facts`, {
    headers: { ...station.headers, "content-type": factBatchContentType, "content-encoding": "gzip" },
    body,
  });
  // It overtook the batch before it: a gap, which changes nothing.
  if (status === 409) return before.then(() => sendOne(cloud, station, body, Promise.resolve()));
  if (status !== 200) throw new Error(`HTTP ${status} ${reply}`);
}

/** Stations have processors of their own: here the sender shares the cloud's, and fetch takes twice as much of it. */
async function post(
  url: string,
  { headers, body }: { readonly headers: Record<string, string>; readonly body: Body },
): Promise<{ readonly status: number | undefined; readonly reply: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers, agent }, (response) => {
      text(response).then((reply) => resolve({ status: response.statusCode, reply }), reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function prepareLimit(): Promise<void> {
  await client.query(`create unlogged table bench_source as
    select row_number() over (order by station_id, sequence) as n, facts.* from facts where log_id = 'warm'`);
  await client.query("create index on bench_source (n)");
  await client.query(`create procedure bench_insert(log text) language plpgsql as $$
    begin
      for batch in 0..${factsPerRound / factsPerBatch - 1} loop
        insert into facts (station_id, log_id, sequence, month, text, hash, type, version, lane, parcel_id, occurred_at)
          select 'limit', log, n, month, text, hash, type, version, lane, parcel_id, occurred_at
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
      text: `insert into facts (station_id, log_id, sequence, month, text, hash, type, version, lane, parcel_id, occurred_at)
        values ('rows', $1, $2, date_trunc('month', current_date), $3, $4, $5, $6, $7, $8, $9)`,
      values: [
        ...[logId, row.n, row.text, row.hash, row.type, row.version],
        ...[row.lane, row.parcel_id, row.occurred_at],
      ],
    });
  }
  return rowsByRow / ((performance.now() - startedAt) / 1000);
}
