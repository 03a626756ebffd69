import { sql } from "kysely";
import { expect, test } from "vitest";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { makeBatch, makeFacts } from "../../test-support/make-facts.ts";
import { asStation, describeOnEachDatabase, type TestCloud } from "../../test-support/test-cloud.ts";
import { ingestFacts } from "./ingest-facts.ts";
import { parcelFacts, spanGap } from "./parcel-facts.ts";
import { rebuildParcel } from "./project-late-facts.ts";

const stationId = "spans";
const near = "the-parcel";
const long = "the-parcel-of-many-days";

async function send({ database }: TestCloud, facts: readonly StoredFact[], logId: string, size: number) {
  for (let from = 0; from < facts.length; from += size) {
    const batch = makeBatch(stationId, facts.slice(from, from + size), logId);
    expect((await ingestFacts(database, asStation(stationId), batch)).ok).toBe(true);
  }
}

const readSpans = async ({ database }: TestCloud, parcelId = near): Promise<unknown> =>
  (
    await database.kysely
      .selectFrom("parcels")
      .select("fact_spans")
      .where("parcel_id", "=", parcelId)
      .executeTakeFirstOrThrow()
  ).fact_spans;

const findFacts = async ({ database }: TestCloud): Promise<string[]> => {
  const { rows } = await sql<{ place: string }>`select log_id || '/' || sequence as place
    from ${parcelFacts(stationId, near)} order by log_id, sequence`.execute(database.kysely);
  return rows.map(({ place }) => place);
};

/** The parcel's facts lie at these sequences, all others are of other parcels. */
const makeLog = (logId: string, count: number, own: readonly number[], parcelId = near): StoredFact[] =>
  makeFacts({
    stationId,
    logId,
    count,
    change: ({ sequence }) => (own.includes(sequence) ? { parcelId } : {}),
  });

describeOnEachDatabase("facts of a parcel", (open) => {
  test("are found through its stretches: over batches, logs and long pauses, however they were cut", async () => {
    const cloud = open();
    await cloud.register(stationId);
    const far = 9 + spanGap + 1;
    await send(cloud, makeLog("log-1", 12, [2, 3, 7, 9]), "log-1", 3);
    expect(await readSpans(cloud)).toEqual([["log-1", 2, 9]]);
    await send(cloud, makeLog("log-2", far + 3, [1, 9, far, far + 1]), "log-2", 400);

    const spans = [
      ["log-1", 2, 9],
      ["log-2", 1, 9],
      ["log-2", far, far + 1],
    ];
    const places = [2, 3, 7, 9].map((sequence) => `log-1/${sequence}`);
    places.push(...[1, 9, far, far + 1].map((sequence) => `log-2/${sequence}`));
    expect(await readSpans(cloud)).toEqual(spans);
    expect(await findFacts(cloud)).toEqual(places);

    const { tenantId, hubId } = asStation(stationId);
    await cloud.database.kysely
      .transaction()
      .execute((tx) => rebuildParcel(tx, { stationId, tenantId, hubId, parcelId: near }));
    expect(await readSpans(cloud)).toEqual(spans);
  });

  test("of which one comes a thousand later goes on with the stretch, one behind that begins another", async () => {
    const cloud = open();
    await cloud.register(stationId);
    await send(cloud, makeLog("log-3", 2100, [50, 50 + spanGap, 51 + 2 * spanGap], long), "log-3", 1000);
    expect(await readSpans(cloud, long)).toEqual([
      ["log-3", 50, 50 + spanGap],
      ["log-3", 51 + 2 * spanGap, 51 + 2 * spanGap],
    ]);
  });
});
