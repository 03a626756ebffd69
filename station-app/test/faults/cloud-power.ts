import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enrolOverHttp } from "@waystation/cloud-api/test-support/enrol-station";
import { makeBatch, makeFacts } from "@waystation/cloud-api/test-support/make-facts";
import { openDatabase } from "@waystation/cloud-api/test-support/test-cloud";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { uploadFactsReplySchema } from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import type { Random } from "../durability/disk-model.ts";
import { adminToken, openCloud } from "./cloud-process.ts";
import { openWatchedDisk } from "./power.ts";

const stationId = "station-1";
const perBatch = 20;

/** A cloud on a watched disk, and somebody who uploads to it and remembers what was promised. */
export async function openWatchedCloud(resources: AsyncDisposableStack) {
  const disk = openWatchedDisk(resources);
  const cloud = await openCloud(resources, {
    dataDir: disk.folder,
    // Backups come when they are asked for.
    env: { ...disk.env, WAYSTATION_CLOUD_BACKUP_INTERVAL_MS: "3600000" },
  });
  const { renewHeaders } = await enrolOverHttp(cloud.url, adminToken, stationId);
  const facts: StoredFact[] = [];
  let promised = 0;

  const upload = async (): Promise<void> => {
    const after = facts.at(-1);
    const batch = makeFacts({ stationId, count: perBatch, ...(after === undefined ? {} : { after }) });
    const response = await fetch(`${cloud.url}/v1/stations/${stationId}/facts`, {
      method: "POST",
      // Between two uploads a whole database is looked at: by then the cloud closes a connection that waits.
      headers: { ...(await renewHeaders()), connection: "close" },
      body: JSON.stringify({ ...makeBatch(stationId, batch), wireVersion: 1 }),
    });
    const { durableThrough } = uploadFactsReplySchema.parse(await response.json());
    facts.push(...batch);
    promised = Math.max(promised, durableThrough);
  };
  return {
    cloud,
    disk,
    upload,
    backUp: async (): Promise<boolean> =>
      (await cloud.client({ path: "/v1/backups", body: "" }, z.unknown())).ok,
    sent: (): number => facts.length,
    promised: (): number => promised,
    facts: (): readonly StoredFact[] => facts,
  };
}
export type WatchedCloud = Awaited<ReturnType<typeof openWatchedCloud>>;

/** The machine goes off now: what is promised must be there when it is on again, and nothing that nobody sent. */
export async function cutAndLook(
  watched: WatchedCloud,
  random: Random,
): Promise<{ readonly kept: number; readonly lost: number }> {
  const { cloud, disk } = watched;
  cloud.process().signal("SIGSTOP");
  const image = disk.cut(random);
  cloud.process().signal("SIGCONT");
  return lookAt(image, watched);
}

export async function lookAt(image: string, { facts, promised }: WatchedCloud) {
  pretendEarlierBoot(image);
  const database = await openDatabase({ kind: "folder", path: image });
  try {
    const stored = await database.kysely.selectFrom("facts").select(["text"]).orderBy("sequence").execute();
    const heads = await database.kysely.selectFrom("acknowledgements").selectAll().execute();
    const head = heads[0]?.received_through ?? 0;
    const strange = stored.findIndex(({ text }, at) => text !== facts()[at]?.text);
    if (strange >= 0) throw new Error(`fact ${strange + 1} is not what was sent`);
    if (head !== stored.length) throw new Error(`the head is at ${head} with ${stored.length} facts`);
    if (stored.length < promised())
      throw new Error(`${stored.length} facts are left of ${promised()} called durable`);
    return { kept: stored.length, lost: facts().length - stored.length };
  } finally {
    await database.close();
    rmSync(image, { recursive: true, force: true });
  }
}

/** The lock of a process of this boot would say that nothing was switched off. */
function pretendEarlierBoot(image: string): void {
  const path = join(image, "cloud.lock");
  if (!existsSync(path)) return;
  const owner = JSON.parse(readFileSync(path, "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...owner, boot: "an earlier boot" }));
}

export type SyncSurvey = {
  readonly failed: number;
  readonly refused: number;
  readonly images: number;
  readonly lost: number;
};

/** The n-th sync of a backup fails, for each n given; after each the power is cut as well. */
export async function failSyncs(
  watched: WatchedCloud,
  numbers: readonly number[],
  random: Random,
): Promise<SyncSurvey> {
  let [failed, refused, images, lost] = [0, 0, 0, 0];
  for (const number of numbers) {
    await watched.upload();
    watched.disk.failSync(number);
    const isWhole = await watched.backUp();
    const hasFailed = watched.disk.hasFailed();
    watched.disk.spare();
    if (hasFailed) failed += 1;
    if (!isWhole) refused += 1;
    if (hasFailed && isWhole) throw new Error(`sync ${number} failed and the backup was called whole`);
    // Its reply says what is durable now.
    await watched.upload();
    lost += (await cutAndLook(watched, random)).lost;
    images += 1;
  }
  return { failed, refused, images, lost };
}
