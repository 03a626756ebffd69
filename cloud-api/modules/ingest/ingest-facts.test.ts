import { sql } from "kysely";
import { expect, test, vi } from "vitest";
import { makeBatch, makeFacts, storeFact } from "../../test-support/make-facts.ts";
import { asStation, describeOnEachDatabase, present } from "../../test-support/test-cloud.ts";
import { upload } from "../../test-support/upload-facts.ts";
import { ingestFacts } from "./ingest-facts.ts";
import { rebuildParcel } from "./project-late-facts.ts";
import { addFactMonth, countFacts, countParcels } from "./queries.ts";

const judged = (orderId: string | null) => ({
  type: "parcel.judged",
  version: 1,
  payload: {
    ...{ verdict: orderId === null ? "rejected" : "accepted", reasons: [], chute: orderId === null ? 99 : 7 },
    ...{ orderId, orderRevision: orderId === null ? null : 1, weightGrams: 350 },
    ...(orderId === null
      ? { channelCode: null, channelVersion: null }
      : { channelCode: "EU", channelVersion: 3 }),
    ...{ sortPlanId: "plan-1", sortPlanVersion: 2 },
  },
});

describeOnEachDatabase("ingest", (open, kind) => {
  test("takes facts once, however often they are sent, and acknowledges what is durable", async () => {
    const cloud = open();
    const station = await cloud.register("once");
    const facts = makeFacts({ stationId: "once", count: 10 });
    const durableThrough = (through: number) => (kind === "postgres" ? through : 0);

    const first = await upload(cloud, station, facts.slice(0, 6));
    const again = await upload(cloud, station, facts.slice(0, 6));
    const overlapping = await upload(cloud, station, facts.slice(3));

    expect(first.body).toEqual({ receivedThrough: 6, durableThrough: durableThrough(6) });
    expect(again.body).toEqual(first.body);
    expect(overlapping.body).toEqual({ receivedThrough: 10, durableThrough: durableThrough(10) });
    const stored = await cloud.database.kysely
      .selectFrom("facts")
      .select(["sequence", "text", "hash"])
      .where("station_id", "=", "once")
      .orderBy("sequence")
      .execute();
    expect(stored).toEqual(facts);
  });

  test("takes every fact once when the same batches come at the same time", async () => {
    const cloud = open();
    await cloud.register("crowd");
    const facts = makeFacts({ stationId: "crowd", count: 400 });
    const batches = [facts.slice(0, 250), facts.slice(0, 400), facts.slice(0, 250), facts.slice(0, 400)];
    const replies = await Promise.all(
      batches.map((batch) => ingestFacts(cloud.database, asStation("crowd"), makeBatch("crowd", batch))),
    );

    expect(replies.map((reply) => reply.ok)).toEqual([true, true, true, true]);
    expect(await countFacts(cloud.database.kysely, "crowd")).toBe(400);
    expect(await countParcels(cloud.database.kysely, { stationId: "crowd" })).toEqual({ accepted: 100 });
    const parcel = await cloud.database.kysely
      .selectFrom("parcels")
      .selectAll()
      .where("station_id", "=", "crowd")
      .orderBy("parcel_id")
      .executeTakeFirstOrThrow();
    expect(parcel).toMatchObject({
      barcode: "WS0000000002",
      weight_grams: 700,
      outcome: "accepted",
      chute: 7,
      fact_count: 4,
      lane: "belt-1",
    });
  });

  test("refuses a gap and says what it expects", async () => {
    const cloud = open();
    const station = await cloud.register("gap");
    const facts = makeFacts({ stationId: "gap", count: 9 });
    await upload(cloud, station, facts.slice(0, 3));
    const reply = await upload(cloud, station, facts.slice(5));

    expect(reply.status).toBe(409);
    expect(reply.body.failure).toEqual({
      code: "facts.gap",
      details: { logId: "log-1", expectedSequence: 4 },
    });
    expect(await countFacts(cloud.database.kysely, "gap")).toBe(3);
  });

  test("refuses another history of the same log and raises one alarm", async () => {
    const cloud = open();
    const station = await cloud.register("fork");
    const facts = makeFacts({ stationId: "fork", count: 4 });
    await upload(cloud, station, facts);
    const other = makeFacts({
      stationId: "fork",
      count: 6,
      change: (envelope) => ({ bootId: envelope.sequence > 2 ? "boot-2" : "boot-1" }),
    });

    const rewritten = await upload(cloud, station, other);
    const detached = await upload(cloud, station, other.slice(4));
    await upload(cloud, station, other);

    expect(rewritten).toMatchObject({
      status: 409,
      body: { failure: { code: "facts.forked", details: { logId: "log-1", sequence: 3 } } },
    });
    expect(detached).toMatchObject({
      status: 409,
      body: { failure: { code: "facts.forked", details: { sequence: 5 } } },
    });
    const alarms = await cloud.database.kysely
      .selectFrom("fact_alarms")
      .select(["sequence", "offered_hash"])
      .where("station_id", "=", "fork")
      .orderBy("sequence")
      .execute();
    expect(alarms.map((alarm) => alarm.sequence)).toEqual([3, 5]);
    expect(alarms[0]?.offered_hash).toBe(present(other[2]).hash);
    expect(await countFacts(cloud.database.kysely, "fork")).toBe(4);
  });

  test("refuses texts that do not match their hash, their place or their chain", async () => {
    const cloud = open();
    const station = await cloud.register("corrupt");
    const facts = makeFacts({ stationId: "corrupt", count: 3 });
    const [first, second] = [present(facts[0]), present(facts[1])];
    const tampered = { ...second, text: second.text.replace("WS", "XS") };
    const elsewhere = makeFacts({ stationId: "other", count: 2 });
    const unchained = makeFacts({
      stationId: "corrupt",
      count: 2,
      change: (envelope) => (envelope.sequence === 2 ? { previousHash: "1".repeat(64) } : {}),
    });
    const unborn = makeFacts({
      stationId: "corrupt",
      count: 1,
      change: () => ({ previousHash: "1".repeat(64) }),
    });

    expect((await upload(cloud, station, [first, tampered])).body.failure?.code).toBe("facts.corrupt");
    expect((await upload(cloud, station, elsewhere)).body.failure?.code).toBe("request.invalid");
    expect((await upload(cloud, station, facts, { logId: "log-2" })).body.failure?.code).toBe(
      "request.invalid",
    );
    const skipping = [first, present(facts[2])];
    expect((await upload(cloud, station, skipping)).body.failure?.code).toBe("request.invalid");
    expect((await upload(cloud, station, skipping, { wireVersion: 1 })).body.failure?.code).toBe(
      "request.invalid",
    );
    expect((await upload(cloud, station, unchained)).body.failure?.code).toBe("facts.corrupt");
    expect((await upload(cloud, station, unborn)).body.failure?.code).toBe("facts.forked");
    expect(await countFacts(cloud.database.kysely, "corrupt")).toBe(0);
  });

  test("keeps facts of a newer station, and texts that PostgreSQL's jsonb cannot hold", async () => {
    const cloud = open();
    const station = await cloud.register("newer");
    const facts = makeFacts({
      stationId: "newer",
      count: 3,
      change: ({ sequence }) =>
        sequence === 1
          ? { type: "parcel.x-rayed", version: 7, payload: { image: { bytes: 12 } } }
          : {
              type: "parcel.scanned",
              payload: { data: "A\u0000B\ud800", symbology: "x", deviceId: null, boundBy: "index" },
            },
    });
    expect((await upload(cloud, station, facts)).status).toBe(200);
    const stored = await cloud.database.kysely
      .selectFrom("facts")
      .select(["type", "version", "text", sql<unknown>`fact_payload(text)`.as("payload")])
      .where("station_id", "=", "newer")
      .orderBy("sequence")
      .execute();
    expect(stored[0]).toMatchObject({
      type: "parcel.x-rayed",
      version: 7,
      payload: { image: { bytes: 12 } },
    });
    expect(stored[1]?.text).toBe(facts[1]?.text);
    // The text says it; jsonb could not.
    expect(stored[1]?.payload).toBeNull();
  });

  test("a fact can be neither changed nor removed", async () => {
    const { database } = open();
    await expect(sql`update facts set text = ''`.execute(database.kysely)).rejects.toThrow(/never changed/);
    await expect(sql`delete from facts`.execute(database.kysely)).rejects.toThrow(/never changed/);
    await expect(sql`truncate facts`.execute(database.kysely)).rejects.toThrow(/never changed/);
  });

  test("a parcel is merged field by field: what is not mentioned stays, what is taken back goes", async () => {
    const cloud = open();
    const station = await cloud.register("merged");
    const weighed = { weightGrams: 640, deviceId: "gate", boundBy: "index" };
    const steps = [judged("WS1"), { type: "parcel.weighed", version: 1, payload: weighed }, judged(null)];
    const change = ({ sequence }: { sequence: number }) => ({
      ...present(steps[sequence - 1]),
      parcelId: "merged-1",
      lane: sequence === 2 ? null : "belt-1",
    });
    const facts = makeFacts({ stationId: "merged", count: 3, change });
    const { kysely } = cloud.database;
    const read = () =>
      kysely.selectFrom("parcels").selectAll().where("station_id", "=", "merged").executeTakeFirstOrThrow();
    await upload(cloud, station, facts.slice(0, 2));
    const before = await read();
    expect(before).toMatchObject({
      order_id: "WS1",
      channel_code: "EU",
      chute: 7,
      lane: "belt-1",
      fact_count: 2,
    });
    await upload(cloud, station, facts);
    const after = await read();
    expect(after).toMatchObject({
      order_id: null,
      channel_code: null,
      verdict: "rejected",
      weight_grams: 640,
      fact_count: 3,
    });
    expect(after.first_occurred_at).toBe(before.first_occurred_at);
  });

  test("a fact saved out of a damaged log counts for its parcel, also when the parcel is made anew", async () => {
    const cloud = open();
    const station = await cloud.register("saved");
    const former = makeFacts({ stationId: "saved", logId: "log-0", count: 4 });
    const [inducted, ...stranded] = former;
    await upload(cloud, station, [present(inducted)], { logId: "log-0" });
    const change = ({ sequence }: { sequence: number }) => {
      const { sequence: formerSequence, hash, text } = present(stranded[sequence - 1]);
      const payload = { formerLogId: "log-0", sequence: formerSequence, hash, part: 1, parts: 1, text };
      return { type: "fact.salvaged", lane: null, parcelId: null, payload };
    };
    const reply = await upload(cloud, station, makeFacts({ stationId: "saved", count: 3, change }));
    expect(reply.status).toBe(200);
    const { kysely } = cloud.database;
    const parcel = () =>
      kysely.selectFrom("parcels").selectAll().where("station_id", "=", "saved").executeTakeFirstOrThrow();
    const { updated_at: _, ...folded } = await parcel();
    expect(folded).toMatchObject({ outcome: "accepted", weight_grams: 700, fact_count: 4 });
    await kysely
      .transaction()
      .execute((tx) => rebuildParcel(tx, { ...asStation("saved"), parcelId: folded.parcel_id }));
    const { updated_at: __, ...rebuilt } = await parcel();
    expect(rebuilt).toEqual(folded);
  });

  test("notes the facts it does not know", async () => {
    const cloud = open();
    const station = await cloud.register("noted");
    const change = ({ sequence }: { sequence: number }) =>
      sequence === 2 ? { type: "parcel.x-rayed", version: 7, payload: {} } : {};
    await upload(cloud, station, makeFacts({ stationId: "noted", count: 4, change }));
    const noted = await cloud.database.kysely
      .selectFrom("facts_to_project")
      .select(["sequence", "name"])
      .where("station_id", "=", "noted")
      .execute();
    expect(noted).toEqual([{ sequence: 2, name: "parcel.x-rayed.v7" }]);
  });

  test("a month without partitions gets them, and a station's facts lie in one part of it", async () => {
    const cloud = open();
    await cloud.register("monthly");
    const { kysely } = cloud.database;
    const facts = makeFacts({ stationId: "monthly", count: 4 });
    vi.useFakeTimers({ now: Date.UTC(2031, 4, 20), toFake: ["Date"] });
    try {
      await ingestFacts(cloud.database, asStation("monthly"), makeBatch("monthly", facts.slice(0, 2)));
      vi.setSystemTime(Date.UTC(2031, 5, 1));
      await ingestFacts(cloud.database, asStation("monthly"), makeBatch("monthly", facts.slice(1)));
    } finally {
      vi.useRealTimers();
    }
    const { rows } = await sql<{ part: string; count: number }>`
      select tableoid::regclass::text as part, count(*) as count from facts where station_id = 'monthly' group by 1 order by 1`.execute(
      kysely,
    );
    expect(rows.map(({ count }) => count)).toEqual([2, 2]);
    expect(rows[0]?.part).toMatch(/^facts_2031_05_\d$/);
    expect(rows[1]?.part.slice(-2)).toBe(rows[0]?.part.slice(-2));
    await addFactMonth(kysely, "2031-06-15");
    await expect(
      sql`update ${sql.table(present(rows[0]).part)} set text = ''`.execute(kysely),
    ).rejects.toThrow(/never changed/);
    await expect(sql`truncate ${sql.table(present(rows[0]).part)}`.execute(kysely)).rejects.toThrow(
      /never changed/,
    );
  });
});

test("a hash is over the exact text", () => {
  const fact = present(makeFacts({ stationId: "s", count: 1 })[0]);
  expect(storeFact(JSON.parse(fact.text)).hash).toBe(fact.hash);
});
