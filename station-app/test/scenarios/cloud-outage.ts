import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { factEnvelopeSchema } from "@waystation/shared/facts/envelope";
import type { Result } from "@waystation/shared/failures/result";
import { expect } from "vitest";
import { z } from "zod";
import { createCloudClient } from "../../cli/start/call-cloud.ts";
import { enrolOwnStation } from "../../cli/start/prepare-cloud.ts";
import { openStore } from "../../engine/core/store.ts";
import { type Child, startChild } from "../durability/child-process.ts";
import { readLog } from "../durability/read-log.ts";
import {
  beltLane,
  chuteOf,
  devices,
  induct,
  measure,
  onStation,
  planOrders,
  readSorter,
  type StationUnderTest,
} from "./station-under-test.ts";

const { gate, sorter } = devices;
const parcels = 40;
const atOnce = 8;
const adminToken = "admin-token-of-the-scenarios";

export type Outage = {
  /** Facts of the days before, so many that their draining takes many batches. */
  readonly olderFacts: number;
  /** Kill the cloud as soon as it has acknowledged something, and start it once more. */
  readonly dieInDraining: boolean;
};

/** Forty parcels while there is no cloud; once it is back it must have every fact of the station exactly once. */
export async function surviveOutage({ olderFacts, dieInDraining }: Outage): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const cloud = await openCloud(resources);
  const { url, keyFile } = cloud;
  const client = createCloudClient(url, adminToken);
  const enrolled = await enrolOwnStation(client, { url, stationId: "station-1", keyFile });
  if (!enrolled.ok) throw new Error(JSON.stringify(enrolled.failure));
  await cloud.stop();

  const plan = {
    devices: { gate, sorter },
    lanes: [
      {
        ...beltLane,
        steps: ["weigh", "measure", "divert"],
        devices: { dimensioner: "gate", sorter: "sorter" },
      },
    ],
    orders: planOrders(parcels),
    prepare: (folder: string) => recordOlderFacts(folder, olderFacts),
    config: { cloud: { url, keyFile } },
  } as const;
  await onStation(plan, async (station) => {
    await playParcels(station);
    expect(station.view().link).toMatchObject({ cloud: "offline", factsAcknowledged: 0 });
    await cloud.start();
    if (dieInDraining) await killInDraining(station, cloud);
    await expectEveryFactOnce(station, cloud.url);
    expect(readLog(station.factsPath).facts.length).toBeGreaterThan(olderFacts + 5 * parcels);
  });
}

async function killInDraining(station: Belt, cloud: CloudProcess): Promise<void> {
  await station.until(() => station.view().link.factsAcknowledged > 0, "the first batch to be acknowledged");
  await cloud.kill();
  const { backlog } = await station.status();
  expect(backlog, "facts not yet acknowledged when the cloud died").toBeGreaterThan(0);
  await cloud.start();
}

async function expectEveryFactOnce(station: Belt, url: string): Promise<void> {
  const local = readLog(station.factsPath).texts.map((text) => {
    const { logId, sequence, type, payload } = factEnvelopeSchema.parse(JSON.parse(text));
    return { logId, sequence, type, payload };
  });
  const { length } = local;
  await station.until(
    () => station.view().link.factsAcknowledged === length,
    "every fact to be there",
    60_000,
  );
  expect(station.view().link.cloud).toBe("online");
  expect(await readCloudFacts(url)).toEqual(local);
}

type Belt = StationUnderTest<"gate" | "sorter">;
async function playParcels(station: Belt): Promise<void> {
  for (let from = 1; from <= parcels; from += atOnce) {
    const indexes = Array.from({ length: atOnce }, (_, at) => from + at);
    await induct(station, ...indexes);
    for (const index of indexes) await measure(station, index);
    const due = from + atOnce - 1;
    await station.until(() => station.lane("belt").counts.accepted === due, `parcels up to ${due}`);
  }
  const right = Array.from({ length: parcels }, (_, at) => [at + 1, chuteOf(at + 1)] as const);
  expect((await readSorter(station.twins.sorter)).confirmed).toEqual(Object.fromEntries(right));
}

function recordOlderFacts(folder: string, count: number): void {
  const store = openStore(join(folder, "facts.db"), "station-1");
  const actor = { kind: "operator", id: "op-1" } as const;
  const fact = { name: "lane.resumed.v1", lane: "belt", parcelId: null, actor, payload: {} } as const;
  for (let recorded = 0; recorded < count; recorded += 500)
    store.commit(Array.from({ length: 500 }, () => fact));
  store.close();
}

type CloudProcess = Awaited<ReturnType<typeof openCloud>>;

/** The real cloud on its embedded database; it comes back at the same address and with the same data. */
async function openCloud(resources: AsyncDisposableStack) {
  const home = mkdtempSync(join(tmpdir(), "waystation-cloud-"));
  resources.defer(() => rmSync(home, { recursive: true, force: true }));
  let port = 0;
  let running: Child | null = null;

  const start = async (): Promise<string> => {
    const ready = Promise.withResolvers<string>();
    const child = startChild(new URL("../../../cloud-api/server.ts", import.meta.url), "", {
      env: {
        WAYSTATION_CLOUD_PORT: String(port),
        WAYSTATION_CLOUD_DATA_DIR: join(home, "cloud"),
        WAYSTATION_CLOUD_ADMIN_TOKEN: adminToken,
      },
      onLine: ({ url }) => ready.resolve(String(url)),
    });
    running = child;
    void child.ended.then((how) => ready.reject(new Error(`the cloud ended (${how}): ${child.stderr()}`)));
    const url = await ready.promise;
    port = Number(new URL(url).port);
    return url;
  };
  const stop = async (): Promise<void> => {
    running?.terminate();
    await running?.ended;
  };
  const kill = async (): Promise<void> => {
    running?.kill();
    await running?.ended;
  };
  resources.defer(kill);
  return { url: await start(), keyFile: join(home, "station-key.json"), start, stop, kill };
}

const pageSchema = z.object({
  items: z.array(
    z.object({ logId: z.string(), sequence: z.number(), type: z.string(), payload: z.unknown() }),
  ),
  next: z.string().nullable(),
});
type Page = z.infer<typeof pageSchema>;

/** Every fact the console shows, page by page, in the order of the log. */
async function readCloudFacts(url: string): Promise<Page["items"]> {
  const ask = createCloudClient(url, adminToken);
  const found: Page["items"] = [];
  for (let after: string | null = ""; after !== null; ) {
    const path: string = `/v1/console/facts?after=${encodeURIComponent(after)}`;
    const page: Result<Page> = await ask({ path }, pageSchema);
    if (!page.ok) throw new Error(JSON.stringify(page.failure));
    found.push(...page.value.items);
    after = page.value.next;
  }
  return found.sort((a, b) => a.sequence - b.sequence);
}
