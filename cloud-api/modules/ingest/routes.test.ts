import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { factBatchContentType, writeFactBatch } from "@waystation/shared/wire/fact-batch";
import { makeFacts } from "../../test-support/make-facts.ts";
import { describeOnEachDatabase, present } from "../../test-support/test-cloud.ts";
import { upload } from "../../test-support/upload-facts.ts";
import { countFacts, countParcels } from "./queries.ts";

describeOnEachDatabase("uploads", (open) => {
  test("refuses unknown wire versions, foreign stations and oversized bodies", async () => {
    const cloud = open();
    const [one, two] = [await cloud.register("tenant-1"), await cloud.register("tenant-2")];
    const facts = makeFacts({ stationId: "tenant-2", count: 1 });

    const version = await upload(cloud, two, facts, { wireVersion: 9 });
    expect(version).toMatchObject({
      status: 400,
      body: { failure: { code: "request.wire-version", details: { supported: "1, 2", version: 9 } } },
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

  test("both versions of the wire bring the same facts into the same log", async () => {
    const cloud = open();
    const station = await cloud.register("both");
    const facts = makeFacts({ stationId: "both", count: 8 });
    expect((await upload(cloud, station, facts.slice(0, 5), { wireVersion: 1 })).status).toBe(200);
    const reply = await upload(cloud, station, facts.slice(3));
    expect(reply.body).toMatchObject({ receivedThrough: 8 });
    expect(await countParcels(cloud.database.kysely, { stationId: "both" })).toEqual({ accepted: 2 });
  });

  test("a station that asks for more than its share waits, and is told how long", async () => {
    const cloud = open();
    const [greedy, modest] = [await cloud.register("greedy"), await cloud.register("modest")];
    const facts = makeFacts({ stationId: "greedy", count: 300 });
    const others = makeFacts({ stationId: "modest", count: 3 });
    const replies = await Promise.all([
      ...Array.from({ length: 12 }, () => upload(cloud, greedy, facts)),
      upload(cloud, modest, others),
    ]);
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.body.failure?.code).toBe("cloud.busy");
    expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(replies.at(-1)?.status).toBe(200);
    expect(await countFacts(cloud.database.kysely, "greedy")).toBe(300);
  });

  test("a batch that came while the one before it was still on its way waits for it", async () => {
    const cloud = open();
    const station = await cloud.register("ahead");
    const facts = makeFacts({ stationId: "ahead", count: 8 });
    const header = { wireVersion: 2, stationId: "ahead", logId: "log-1", firstSequence: 1 };
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const slow = cloud.app.request("/v1/stations/ahead/facts", {
      method: "POST",
      headers: { ...station.headers, "content-type": factBatchContentType },
      body: readable,
      duplex: "half",
    } as RequestInit);
    const writer = writable.getWriter();
    const bytes = new TextEncoder().encode(writeFactBatch(header, facts.slice(0, 5)));
    // It is being read when the first bytes were taken.
    await writer.write(bytes.subarray(0, 100));
    await writer.write(bytes.subarray(100, 200));
    let isAnswered = false;
    const second = upload(cloud, station, facts.slice(5)).finally(() => (isAnswered = true));
    // Whoever came later and waits for nobody is through: so would the second batch be.
    const other = await cloud.register("ahead-other");
    const others = makeFacts({ stationId: "ahead-other", count: 8 });
    for (const fact of others) expect((await upload(cloud, other, [fact])).status).toBe(200);
    expect(isAnswered).toBe(false);
    await writer.write(bytes.subarray(200));
    await writer.close();
    expect((await slow).status).toBe(200);
    expect((await second).body).toMatchObject({ receivedThrough: 8 });
    expect(await countFacts(cloud.database.kysely, "ahead")).toBe(8);
  });

  test("a batch before which one was refused is judged by itself", async () => {
    const cloud = open();
    const station = await cloud.register("ahead-refused");
    const facts = makeFacts({ stationId: "ahead-refused", count: 8 });
    const tampered = { ...present(facts[0]), hash: "0".repeat(64) };
    const [refused, ahead] = await Promise.all([
      upload(cloud, station, [tampered]),
      upload(cloud, station, facts.slice(1)),
    ]);
    expect(refused.body.failure?.code).toBe("facts.corrupt");
    expect(ahead.body.failure).toMatchObject({ code: "facts.gap", details: { expectedSequence: 1 } });
    expect((await upload(cloud, station, facts)).body).toMatchObject({ receivedThrough: 8 });
  });
});
