import { gzipSync } from "node:zlib";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { makeFacts, storeFact } from "../../test-support/make-facts.ts";
import { describeOnEachDatabase, present, type TestCloud } from "../../test-support/test-cloud.ts";
import { countFacts, countParcels } from "./queries.ts";

type Station = Awaited<ReturnType<TestCloud["register"]>>;

async function upload(
  cloud: TestCloud,
  station: Station,
  facts: readonly StoredFact[],
  change: Record<string, unknown> = {},
) {
  const body = JSON.stringify({
    wireVersion: 1,
    stationId: station.stationId,
    logId: "log-1",
    facts,
    ...change,
  });
  const response = await cloud.app.request(`/v1/stations/${station.stationId}/facts`, {
    method: "POST",
    headers: { ...station.headers, "content-encoding": "gzip" },
    body: new Uint8Array(gzipSync(body)),
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown> & {
      failure?: { code: string; details: Record<string, unknown> };
    },
  };
}

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
    const station = await cloud.register("crowd");
    const facts = makeFacts({ stationId: "crowd", count: 400 });
    const batches = [facts.slice(0, 250), facts.slice(0, 400), facts.slice(0, 250), facts.slice(0, 400)];
    const replies = await Promise.all(batches.map((batch) => upload(cloud, station, batch)));

    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200, 200]);
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
    expect((await upload(cloud, station, [first, present(facts[2])])).body.failure?.code).toBe(
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
      .select(["type", "version", "text", "payload"])
      .where("station_id", "=", "newer")
      .orderBy("sequence")
      .execute();
    expect(stored[0]).toMatchObject({
      type: "parcel.x-rayed",
      version: 7,
      payload: { image: { bytes: 12 } },
    });
    expect(stored[1]?.text).toBe(facts[1]?.text);
    expect(stored[1]?.payload).toMatchObject({ data: "A\ufffdB\ufffd" });
  });

  test("refuses unknown wire versions, foreign stations and oversized bodies", async () => {
    const cloud = open();
    const [one, two] = [await cloud.register("tenant-1"), await cloud.register("tenant-2")];
    const facts = makeFacts({ stationId: "tenant-2", count: 1 });

    const version = await upload(cloud, two, facts, { wireVersion: 2 });
    expect(version).toMatchObject({
      status: 400,
      body: { failure: { code: "request.wire-version", details: { supported: "1", version: 2 } } },
    });

    const path = await upload(cloud, { ...two, headers: one.headers }, facts);
    expect(path).toMatchObject({ status: 403, body: { failure: { code: "access.forbidden" } } });
    // Its own facts under another station's path are refused, too: the path is what proxies and logs go by.
    const own = await upload(
      cloud,
      { ...two, headers: one.headers },
      makeFacts({ stationId: "tenant-1", count: 1 }),
      { stationId: "tenant-1" },
    );
    expect(own).toMatchObject({ status: 403, body: { failure: { code: "access.forbidden" } } });
    const body = await upload(cloud, one, facts, { stationId: "tenant-2" });
    expect(body).toMatchObject({ status: 403, body: { failure: { code: "access.forbidden" } } });
    expect(await countFacts(cloud.database.kysely, "tenant-2")).toBe(0);

    for (const authorization of [
      "",
      "Bearer ",
      "Bearer nonsense",
      `Basic ${one.token}`,
      `Bearer ${one.token} `.repeat(2),
    ]) {
      const response = await cloud.app.request("/v1/stations/tenant-1/facts", {
        method: "POST",
        headers: { authorization },
      });
      expect(response.status).toBe(401);
    }
    const bomb = gzipSync(Buffer.alloc(40_000_000, 0x20));
    const bombed = await cloud.app.request("/v1/stations/tenant-1/facts", {
      method: "POST",
      headers: { ...one.headers, "content-encoding": "gzip" },
      body: new Uint8Array(bomb),
    });
    expect(bombed.status).toBe(413);
    const garbage = await cloud.app.request("/v1/stations/tenant-1/facts", {
      method: "POST",
      headers: one.headers,
      body: "{",
    });
    expect(garbage.status).toBe(400);
  });

  test("a fact can be neither changed nor removed", async () => {
    const { database } = open();
    await expect(sql`update facts set text = ''`.execute(database.kysely)).rejects.toThrow(/never changed/);
    await expect(sql`delete from facts`.execute(database.kysely)).rejects.toThrow(/never changed/);
    await expect(sql`truncate facts`.execute(database.kysely)).rejects.toThrow(/never changed/);
  });

  test("a station that was registered again has only its new token", async () => {
    const cloud = open();
    const before = await cloud.register("rotated");
    const after = await cloud.register("rotated");
    const facts = makeFacts({ stationId: "rotated", count: 1 });
    expect((await upload(cloud, before, facts)).status).toBe(401);
    expect((await upload(cloud, after, facts)).status).toBe(200);
    const stored = await cloud.database.kysely
      .selectFrom("stations")
      .selectAll()
      .where("station_id", "=", "rotated")
      .executeTakeFirstOrThrow();
    expect(JSON.stringify(stored)).not.toContain(after.token);
  });
});

test("a hash is over the exact text", () => {
  const fact = present(makeFacts({ stationId: "s", count: 1 })[0]);
  expect(storeFact(JSON.parse(fact.text)).hash).toBe(fact.hash);
});
