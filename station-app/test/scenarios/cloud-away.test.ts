import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCloudClient } from "../../cli/start/call-cloud.ts";
import { registerStation } from "../../cli/start/prepare-cloud.ts";
import { openStore } from "../../engine/core/store.ts";
import { factEnvelopeSchema } from "@waystation/shared/facts/envelope";
import type { Result } from "@waystation/shared/failures/result";
import { expect, test } from "vitest";
import { z } from "zod";
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
/** Facts of the days before: enough that the draining takes many batches and can be cut in its middle. */
const older = 10_000;
const adminToken = "admin-token-of-the-scenarios";

type Cloud = Child & { readonly url: string };
async function startCloud(dataDir: string, port: number): Promise<Cloud> {
  const ready = Promise.withResolvers<string>();
  const child = startChild(new URL("../../../cloud-api/server.ts", import.meta.url), "", {
    env: {
      WAYSTATION_CLOUD_PORT: String(port),
      WAYSTATION_CLOUD_DATA_DIR: dataDir,
      WAYSTATION_CLOUD_ADMIN_TOKEN: adminToken,
    },
    onLine: ({ url }) => ready.resolve(String(url)),
  });
  void child.ended.then((how) => ready.reject(new Error(`the cloud ended (${how}): ${child.stderr()}`)));
  return { ...child, url: await ready.promise };
}

function recordOlderFacts(folder: string): void {
  const store = openStore(join(folder, "facts.db"), "station-1");
  const fact = {
    name: "lane.resumed.v1",
    lane: "belt",
    parcelId: null,
    actor: { kind: "operator", id: "op-1" },
    payload: {},
  } as const;
  for (let recorded = 0; recorded < older; recorded += 500)
    store.commit(Array.from({ length: 500 }, () => fact));
  store.close();
}

const pageSchema = z.object({
  items: z.array(
    z.object({ logId: z.string(), sequence: z.number(), type: z.string(), payload: z.unknown() }),
  ),
  next: z.string().nullable(),
});
type Page = z.infer<typeof pageSchema>;
type CloudFact = Page["items"][number];

/** Every fact the console shows, page by page, in the order of the log. */
async function readCloudFacts(url: string): Promise<CloudFact[]> {
  const ask = createCloudClient(url, adminToken);
  const found: CloudFact[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const page: Result<Page> = await ask(
      { path: `/v1/console/facts?after=${encodeURIComponent(after)}` },
      pageSchema,
    );
    if (!page.ok) throw new Error(JSON.stringify(page.failure));
    found.push(...page.value.items);
    after = page.value.next;
  }
  return found.sort((a, b) => a.sequence - b.sequence);
}

type Belt = StationUnderTest<"gate" | "sorter">;
async function playParcels(station: Belt): Promise<void> {
  for (let from = 1; from <= parcels; from += atOnce) {
    const indexes = Array.from({ length: atOnce }, (_, at) => from + at);
    await induct(station, ...indexes);
    for (const index of indexes) await measure(station, index);
    await station.until(
      () => station.lane("belt").counts.accepted === from + atOnce - 1,
      `parcels up to ${from + atOnce - 1}`,
    );
  }
}

test("forty parcels without a cloud; it comes back, dies in the draining, and has every fact once", {
  timeout: 180_000,
}, async () => {
  const home = mkdtempSync(join(tmpdir(), "waystation-cloud-"));
  const data = join(home, "cloud");
  const clouds = [await startCloud(data, 0)];
  const last = (): Cloud => clouds.at(-1) as Cloud;
  const { url } = last();
  try {
    const token = await registerStation(createCloudClient(url, adminToken), "station-1");
    if (!token.ok) throw new Error(JSON.stringify(token.failure));
    last().terminate();
    await last().ended;

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
      prepare: recordOlderFacts,
      config: { cloud: { url, token: token.value } },
    } as const;
    await onStation(plan, async (station) => {
      await playParcels(station);
      const { link } = station.view();
      expect(link).toMatchObject({ cloud: "offline", factsAcknowledged: 0 });
      const { confirmed } = await readSorter(station.twins.sorter);
      expect(confirmed).toEqual(
        Object.fromEntries(Array.from({ length: parcels }, (_, at) => [at + 1, chuteOf(at + 1)])),
      );

      const restart = async () => clouds.push(await startCloud(data, Number(new URL(url).port)));
      await restart();
      await station.until(
        () => station.view().link.factsAcknowledged > 0,
        "the first batch to be acknowledged",
      );
      last().kill();
      await last().ended;
      const recorded = station.facts().length;
      expect(
        (await station.status()).backlog,
        "facts not yet acknowledged when the cloud died",
      ).toBeGreaterThan(0);
      await restart();
      await station.until(
        () => station.view().link.factsAcknowledged === recorded,
        "every fact to be acknowledged",
        60_000,
      );
      expect(station.view().link.cloud).toBe("online");

      const local = readLog(station.factsPath).texts.map((text) => {
        const { logId, sequence, type, payload } = factEnvelopeSchema.parse(JSON.parse(text));
        return { logId, sequence, type, payload };
      });
      expect(local.length).toBeGreaterThan(older);
      expect(await readCloudFacts(url)).toEqual(local);
    });
  } finally {
    last().kill();
    await last().ended;
    rmSync(home, { recursive: true, force: true });
  }
});
