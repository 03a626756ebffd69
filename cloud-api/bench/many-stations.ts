import { Agent, request } from "node:http";
import { gzipSync } from "node:zlib";
import { stationShapes, wireVersion } from "@waystation/shared/wire/cloud-http";
import { factBatchContentType, writeFactBatch } from "@waystation/shared/wire/fact-batch";
import { printValue, quantile } from "@waystation/station-app/bench/statistics";
import { type BenchCloud, startBenchCloud } from "./bench-cloud.ts";
import { factsPerParcel, makeParcelFacts } from "./parcel-facts.ts";

/**
 * Five hundred stations against one cloud on PostgreSQL: each holds its six shape requests and sends a parcel's nine
 * facts a minute. How long an upload takes, how soon its acknowledgement row is back over the shape, what the
 * cloud's process costs.
 */
const stations = 500;
const parcelEveryMs = 60_000;
const measuredMs = 60_000;

type Station = Awaited<ReturnType<BenchCloud["enrol"]>>;

const cloud = await startBenchCloud("postgres", { WAYSTATION_CLOUD_LOG_LEVEL: "warning" });
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const stopped = new AbortController();
const uploads: number[] = [];
const acknowledged: number[] = [];
const sentAt = new Map<string, number>();
try {
  const all: Station[] = [];
  for (let index = 1; index <= stations; index += 1) all.push(await cloud.enrol(`station-${index}`));
  const caughtUp = all.flatMap((station) => stationShapes.map((shape) => follow(station, shape)));
  await Promise.all(caughtUp);
  const before = process.hrtime.bigint();
  for (const station of all) void run(station);
  await new Promise((resolve) => setTimeout(resolve, measuredMs));
  const seconds = Number(process.hrtime.bigint() - before) / 1e9;
  printValue("many-stations-upload-p50", "ms", [quantile(uploads, 0.5)]);
  printValue("many-stations-upload-p99", "ms", [quantile(uploads, 0.99)]);
  printValue("many-stations-acknowledged-p95", "ms", [quantile(acknowledged, 0.95)]);
  printValue("many-stations-facts", "facts/s", [(uploads.length * factsPerParcel) / seconds]);
  printValue("many-stations-memory", "MB", [cloud.memory().residentMegabytes]);
} finally {
  stopped.abort();
  agent.destroy();
  await cloud.stop();
}

/** Holds one shape for ever; resolves when it first is up to date. */
function follow(station: Station, shape: string): Promise<void> {
  const ready = Promise.withResolvers<void>();
  let [offset, handle, cursor, live] = ["-1", "", "", false];
  const next = async (): Promise<void> => {
    const query = new URLSearchParams({ table: shape, offset, log: "full", replica: "full" });
    if (handle !== "") query.set("handle", handle);
    if (live) query.set("live", "true");
    if (cursor !== "") query.set("cursor", cursor);
    const reply = await send(station, "GET", `/v1/shape?${query}`);
    if (reply.status !== 200) throw new Error(`${shape}: HTTP ${reply.status} ${reply.body.slice(0, 200)}`);
    const header = (name: string): string => String(reply.headers[name] ?? "");
    [offset, handle, cursor] = [
      header("electric-offset"),
      header("electric-handle"),
      header("electric-cursor"),
    ];
    if (reply.headers["electric-up-to-date"] !== undefined) {
      live = true;
      ready.resolve();
    }
    const sent = sentAt.get(station.stationId);
    if (shape === "acknowledgements" && sent !== undefined && reply.body.includes("received_through")) {
      sentAt.delete(station.stationId);
      acknowledged.push(performance.now() - sent);
    }
  };
  void (async () => {
    while (!stopped.signal.aborted) await next();
  })().catch((error: unknown) => {
    if (!stopped.signal.aborted) ready.reject(error as Error);
  });
  return ready.promise;
}

async function run(station: Station): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * parcelEveryMs));
  let sent = 0;
  const facts = [...makeParcelFacts(station.stationId, "log", factsPerParcel * 3)];
  while (!stopped.signal.aborted && sent < facts.length) {
    const batch = facts.slice(sent, sent + factsPerParcel);
    const header = { wireVersion, stationId: station.stationId, logId: "log", firstSequence: sent + 1 };
    const startedAt = performance.now();
    sentAt.set(station.stationId, startedAt);
    const reply = await send(
      station,
      "POST",
      `/v1/stations/${station.stationId}/facts`,
      gzipSync(writeFactBatch(header, batch)),
    ).catch(() => null);
    if (reply === null || stopped.signal.aborted) return;
    if (reply.status !== 200) throw new Error(`upload: HTTP ${reply.status} ${reply.body}`);
    uploads.push(performance.now() - startedAt);
    sent += factsPerParcel;
    await new Promise((resolve) => setTimeout(resolve, parcelEveryMs));
  }
}

type Reply = {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
};

function send(station: Station, method: string, path: string, body?: Uint8Array): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...station.headers,
      ...(body === undefined ? {} : { "content-type": factBatchContentType, "content-encoding": "gzip" }),
    };
    const sent = request(`${cloud.url}${path}`, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
