import { isChangeMessage, ShapeStream } from "@electric-sql/client";
import { adminToken } from "@waystation/cloud-api/bench/bench-cloud";
import { type StationShape, stationShapes } from "@waystation/shared/wire/cloud-http";
import { createCloudClient } from "../cli/start/call-cloud.ts";
import { enrolOwnStation } from "../cli/start/prepare-cloud.ts";
import { fetchToken } from "../engine/edge/cloud-access.ts";
import { openKeyFile } from "../engine/edge/station-key.ts";
import { shapeTextParser } from "../engine/replica/follow-shapes.ts";

/**
 * What no replica can do without: the shapes fetched once through the official client, their messages parsed and
 * dropped. Arguments: the cloud's address, a folder and the number of orders. Prints one JSON line.
 */
const [url = "", dir = "", orders = "0"] = process.argv.slice(2);
const headers = { authorization: `Bearer ${await obtainToken()}` };
const startedAt = performance.now();
const before = process.resourceUsage();
const counts = await Promise.all(stationShapes.map(countRows));
const after = process.resourceUsage();
const rows = counts.reduce((sum, count) => sum + count, 0);
if (rows < 3 * Number(orders)) throw new Error(`${rows} rows came for ${orders} orders`);
const figures = {
  seconds: (performance.now() - startedAt) / 1000,
  processorSeconds:
    (after.userCPUTime - before.userCPUTime + after.systemCPUTime - before.systemCPUTime) / 1e6,
  peakMegabytes: (after.maxRSS * 1024) / 1e6,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);

async function obtainToken(): Promise<string> {
  const target = { url, stationId: "bench-parse", keyFile: `${dir}-key.json` };
  const enrolled = await enrolOwnStation(createCloudClient(url, adminToken), target);
  const token = enrolled.ok ? await fetchToken(target, openKeyFile(target.keyFile)) : enrolled;
  if (!token.ok) throw new Error(JSON.stringify(token.failure));
  return token.value.token;
}

function countRows(table: StationShape): Promise<number> {
  let count = 0;
  return new Promise((resolve, reject) => {
    const stream = new ShapeStream<Record<string, string>>({
      url: `${url}/v1/shape`,
      params: { table, replica: "full" },
      headers,
      parser: shapeTextParser,
    });
    stream.subscribe((messages) => {
      for (const message of messages) {
        if (isChangeMessage(message)) count += 1;
        else if (message.headers.control === "up-to-date") resolve(count);
      }
    }, reject);
  });
}
