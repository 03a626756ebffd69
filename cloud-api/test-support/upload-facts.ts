import { gzipSync } from "node:zlib";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { factBatchContentType, writeFactBatch } from "@waystation/shared/wire/fact-batch";
import type { TestCloud } from "./test-cloud.ts";

type Station = Awaited<ReturnType<TestCloud["register"]>>;
type Change = { readonly wireVersion?: number; readonly stationId?: string; readonly logId?: string };

/** As a station of today sends it: lines. `wireVersion: 1` sends the one JSON object of before. */
export async function upload(
  cloud: TestCloud,
  station: Station,
  facts: readonly StoredFact[],
  change: Change = {},
) {
  const { stationId, wireVersion, logId } = { ...station, wireVersion: 2, logId: "log-1", ...change };
  const lines = wireVersion !== 1;
  const header = { wireVersion, stationId, logId, firstSequence: facts[0]?.sequence ?? 1 };
  const body = lines
    ? writeFactBatch(header, facts)
    : JSON.stringify({ wireVersion, stationId, logId, facts });
  const response = await cloud.app.request(`/v1/stations/${station.stationId}/facts`, {
    method: "POST",
    headers: {
      ...station.headers,
      "content-encoding": "gzip",
      "content-type": lines ? factBatchContentType : "application/json",
    },
    body: new Uint8Array(gzipSync(body)),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown> & {
      failure?: { code: string; details: Record<string, unknown> };
    },
  };
}
