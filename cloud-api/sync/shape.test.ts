import { FetchError } from "@electric-sql/client";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { importChannels } from "../modules/channels/import-channels.ts";
import { followShape, type Row } from "../test-support/follow-shape.ts";
import { serveApp, until } from "../test-support/serve.ts";
import {
  describeOnEachDatabase,
  firstHub,
  makeTestCloud,
  present,
  testActor,
  type TestCloud,
} from "../test-support/test-cloud.ts";
import { renewEpochs } from "./capture-schema.ts";
import { defaultLogLimits, maintainShapeLog } from "./maintain-log.ts";

type Hub = typeof firstHub;

async function insertReleases(
  cloud: TestCloud,
  prefix: string,
  count: number,
  hub: Hub = firstHub,
): Promise<void> {
  await sql`insert into releases (tenant_id, hub_id, order_id, revision, parts_hash)
    select ${hub.tenantId}, ${hub.hubId}, ${prefix}::text || n, 1, md5(n::text)
    from generate_series(1, ${count}::integer) as n`.execute(cloud.database.kysely);
}

const clearReleases = (cloud: TestCloud) => sql`delete from releases`.execute(cloud.database.kysely);

type Message = { key?: string; value?: Row; headers: { operation?: string; control?: string } };

/** Asks without a client in between. */
function asker(cloud: TestCloud, headers: Record<string, string>, table: string) {
  return async (query: string) => {
    const response = await cloud.app.request(`/v1/shape?table=${table}&${query}`, { headers });
    const messages = response.ok ? ((await response.json()) as Message[]) : [];
    const handle = response.headers.get("electric-handle");
    const offset = response.headers.get("electric-offset");
    return {
      status: response.status,
      handle,
      offset,
      next: `handle=${handle}&offset=${offset}`,
      messages,
      response,
    };
  };
}

const describeChanges = (messages: readonly Message[]): string[] =>
  messages.flatMap(({ value, headers }) =>
    value === undefined
      ? []
      : [`${headers.operation} ${value.order_id ?? value.code} ${value.revision ?? ""}`.trim()],
  );

describeOnEachDatabase("shapes", (open, kind) => {
  test("20,000 rows, then live changes, for the official client", async () => {
    const cloud = open();
    const { token } = await cloud.register("follower");
    await insertReleases(cloud, "o-", 20_000);
    const server = await serveApp(cloud);
    const client = followShape(server.url, token, "releases");
    try {
      await until(
        () => client.shape.currentRows.length === 20_000 && client.stream.isUpToDate,
        "all rows arrived",
      );
      expect(client.shape.currentRows).toContainEqual({
        order_id: "o-77",
        revision: "1",
        parts_hash: "28dd2c7955ce926456240b2ff0100bde",
      });

      await insertReleases(cloud, "new-", 3);
      await sql`update releases set revision = 2 where order_id = 'o-1'`.execute(cloud.database.kysely);
      await sql`delete from releases where order_id in ('o-2', 'new-3')`.execute(cloud.database.kysely);
      const byId = (id: string) => client.shape.currentRows.find((row) => row.order_id === id);
      await until(
        () =>
          byId("o-1")?.revision === "2" &&
          byId("o-2") === undefined &&
          byId("new-2") !== undefined &&
          byId("new-3") === undefined,
        "the changes arrived",
      );
      expect(client.shape.currentRows).toHaveLength(20_001);
      // One request per chunk and per batch of changes, and held ones in between: nobody asks in a loop.
      expect(client.requests.length).toBeLessThan(20);
    } finally {
      client.stop();
      await server.close();
    }
  }, 120_000);

  test("a client goes on where it stopped, also with a cloud that was started anew", async () => {
    const cloud = open();
    const { token } = await cloud.register("returning");
    await clearReleases(cloud);
    await insertReleases(cloud, "r-", 10);
    const server = await serveApp(cloud);
    const first = followShape(server.url, token, "releases");
    await until(() => first.stream.isUpToDate, "the first client is up to date");
    const at = { handle: present(first.stream.shapeHandle), offset: first.stream.lastOffset };
    expect(at.offset).toBe("0_inf");
    first.stop();
    await server.close();
    await insertReleases(cloud, "while-away-", 5);
    await sql`delete from releases where order_id = 'r-1'`.execute(cloud.database.kysely);

    const seen: string[] = [];
    const restarted = await serveApp(makeTestCloud(cloud.database));
    const second = followShape(restarted.url, token, "releases", at);
    try {
      second.stream.subscribe((messages) => {
        for (const message of messages)
          if ("key" in message) seen.push(`${message.headers.operation} ${message.value.order_id}`);
      });
      await until(() => second.stream.isUpToDate, "the second client is up to date");
      expect(seen.toSorted()).toEqual([
        "delete r-1",
        ...[1, 2, 3, 4, 5].map((n) => `insert while-away-${n}`),
      ]);
      expect(second.stream.shapeHandle).toBe(at.handle);
    } finally {
      second.stop();
      await restarted.close();
    }
  });

  test("a client behind a trimmed log, beyond its end or from another epoch fetches anew", async () => {
    const cloud = open();
    const { token, headers } = await cloud.register("late");
    await clearReleases(cloud);
    await insertReleases(cloud, "t-", 5);
    const server = await serveApp(cloud);
    const first = followShape(server.url, token, "releases");
    await until(() => first.stream.isUpToDate, "the first client is up to date");
    const at = { handle: present(first.stream.shapeHandle), offset: first.stream.lastOffset };
    first.stop();
    const early = asker(cloud, headers, "releases");
    const before = await early("offset=-1");
    await insertReleases(cloud, "later-", 19);
    const inLog = await early(before.next);
    await insertReleases(cloud, "last-", 1);
    await sql`update releases set revision = 9`.execute(cloud.database.kysely);
    await maintainShapeLog(cloud.database.kysely, { ...defaultLogLimits, entries: 0 });
    const { rows: log } = await sql`select 1 from waystation_shapes.log`.execute(cloud.database.kysely);
    expect(log).toHaveLength(0);

    const restarted = makeTestCloud(cloud.database);
    const second = followShape((await serveApp(restarted)).url, token, "releases", at);
    await until(
      () => second.stream.isUpToDate && second.shape.currentRows.length === 25,
      "every row is there",
    );
    second.stop();
    await server.close();
    expect(second.stream.shapeHandle).not.toBe(at.handle);
    expect(second.shape.currentRows.every((row) => row.revision === "9")).toBe(true);

    const ask = asker(restarted, headers, "releases");
    expect(inLog.offset).toMatch(/^[1-9]\d*_\d+$/);
    expect((await ask(inLog.next)).status).toBe(409);
    const start = await ask("offset=-1");
    const beyond = await ask(`handle=${start.handle}&offset=999999999_1`);
    expect([beyond.status, await beyond.response.json()]).toEqual([
      409,
      [{ headers: { control: "must-refetch" } }],
    ]);
    expect(beyond.handle).not.toBe(start.handle);
    expect((await ask("handle=nonsense&offset=5_1")).status).toBe(409);
    const again = await ask("offset=-1");
    expect((await ask(again.next)).status).toBe(200);
    await renewEpochs(cloud.database.kysely);
    expect((await asker(makeTestCloud(cloud.database), headers, "releases")(again.next)).status).toBe(409);
  });

  test("every change between two questions comes, in its order", async () => {
    const cloud = open();
    const { headers } = await cloud.register("patient");
    await clearReleases(cloud);
    await insertReleases(cloud, "c-", 2);
    const ask = asker(cloud, headers, "releases");
    const start = await ask("offset=-1&replica=full");
    for (const revision of [2, 3])
      await sql`update releases set revision = ${revision}`.execute(cloud.database.kysely);
    await sql`update releases set revision = revision`.execute(cloud.database.kysely);
    await sql`delete from releases where order_id = 'c-2'`.execute(cloud.database.kysely);
    const rest = await ask(`${start.next}&replica=full`);
    expect(describeChanges(rest.messages)).toEqual([
      "update c-1 2",
      "update c-2 2",
      "update c-1 3",
      "update c-2 3",
      "delete c-2 3",
    ]);
    expect(rest.messages.at(-1)?.headers.control).toBe("up-to-date");
  });

  test("a station sees its own hub and its own acknowledgements, and nothing without its token", async () => {
    const cloud = open();
    await sql`insert into tenants (tenant_id, name) values ('other', 'other') on conflict do nothing`.execute(
      cloud.database.kysely,
    );
    await sql`insert into hubs (tenant_id, hub_id, name) values ('default', 'second', 's'), ('other', 'main', 'm')
      on conflict do nothing`.execute(cloud.database.kysely);
    await clearReleases(cloud);
    const hubs: Hub[] = [
      firstHub,
      { tenantId: "default", hubId: "second" },
      { tenantId: "other", hubId: "main" },
    ];
    const [one, two] = [await cloud.register("ack-1"), await cloud.register("ack-2")];
    for (const hub of hubs) await insertReleases(cloud, `${hub.tenantId}-${hub.hubId}-`, 1, hub);
    const seen: string[][] = [];
    for (const hub of hubs) {
      const station = await cloud.register(`of-${hub.tenantId}-${hub.hubId}`, hub);
      const ask = asker(cloud, station.headers, "releases");
      const start = await ask("offset=-1");
      await sql`update releases set revision = revision + 1`.execute(cloud.database.kysely);
      seen.push([...describeChanges(start.messages), ...describeChanges((await ask(start.next)).messages)]);
    }
    expect(seen.map((changes) => changes.map((change) => change.split(" ")[1]))).toEqual(
      hubs.map(({ tenantId, hubId }) => [`${tenantId}-${hubId}-1`, `${tenantId}-${hubId}-1`]),
    );
    // A handle of one hub is nothing to another.
    const stranger = await cloud.register("of-default-second", hubs[1]);
    const foreign = await asker(cloud, one.headers, "releases")("offset=-1");
    expect((await asker(cloud, stranger.headers, "releases")(foreign.next)).status).toBe(409);

    for (const station of [one, two])
      await sql`insert into acknowledgements (station_id, log_id, received_through, last_hash)
        values (${station.stationId}, 'log-1', 5, '')`.execute(cloud.database.kysely);
    const ask = asker(cloud, one.headers, "acknowledgements");
    const first = await ask("offset=-1");
    expect(first.response.headers.get("cache-control")).toContain("private");
    expect(first.response.headers.get("vary")).toContain("authorization");
    expect(first.messages).toMatchObject([
      { value: { station_id: "ack-1", log_id: "log-1", received_through: "5", durable_through: "0" } },
      { headers: { control: "snapshot-end" } },
    ]);
    await sql`update acknowledgements set received_through = 9 where station_id = 'ack-2'`.execute(
      cloud.database.kysely,
    );
    const idle = await ask(`${first.next}&live=true`);
    expect(idle.messages).toMatchObject([{ headers: { control: "up-to-date" } }]);
    expect(idle.response.headers.get("electric-cursor")).toMatch(/^\d+$/);

    expect((await asker(cloud, {}, "releases")("offset=-1")).status).toBe(401);
    // A client cannot widen its own shape.
    expect((await ask("offset=-1&where=true")).status).toBe(400);
    expect((await ask("offset=-1&columns=station_id")).status).toBe(400);
    expect((await asker(cloud, one.headers, "stations")("offset=-1")).status).toBe(400);
  });

  test("what the server does not have is refused by name, what it does not know is ignored", async () => {
    const cloud = open();
    const { headers } = await cloud.register("picky");
    const ask = async (query: string) => {
      const response = await cloud.app.request(`/v1/shape?${query}`, { headers });
      const body = (await response.json()) as {
        failure?: { code: string; details: Record<string, unknown> };
      };
      const { details } = body.failure ?? {};
      return [response.status, body.failure?.code, details?.feature ?? details?.reason];
    };
    for (const feature of [
      "offset=now",
      "live_sse=true",
      "log=changes_only",
      "replica=none",
      "experimental_live_sse=true",
    ])
      expect(await ask(`table=orders&${feature.startsWith("offset") ? "" : "offset=-1&"}${feature}`)).toEqual(
        [400, "shape.unsupported", feature],
      );
    expect(await ask("table=orders&offset=-1&subset__limit=3")).toEqual([
      400,
      "shape.unsupported",
      "subset__limit",
    ]);
    expect(await ask("table=orders&offset=-1&params[1]=3")).toEqual([400, "shape.unsupported", "params[1]"]);
    expect(await ask("table=orders&offset=5_1")).toEqual([
      400,
      "request.invalid",
      "handle can't be blank when offset != -1",
    ]);
    expect((await ask("table=orders&offset=x&handle=y"))[1]).toBe("request.invalid");
    expect((await ask("table=orders&offset=-1&live=true"))[1]).toBe("request.invalid");
    const known = "columns=%22body%22,order_id,revision&cache-buster=1&novelty=2&expired_handle=q";
    expect((await ask(`table=orders&offset=-1&${known}`))[0]).toBe(200);
  });

  test("a live request wakes for a change and answers before its time is over", async () => {
    const cloud = makeTestCloud(open().database, { longPollMs: 30_000 });
    const { headers } = await cloud.register("live");
    const ask = asker(cloud, headers, "channels");
    const live = ask(`${(await ask("offset=-1")).next}&live=true`);
    const channel = {
      code: `live-${kind}`,
      version: 1,
      name: "x",
      carrier: "x",
      weightTolerance: { absoluteGrams: 1, percent: 1 },
      sizeTolerance: { absoluteMillimetres: 1, percent: 1 },
      countries: [],
      maximumWeightGrams: 5,
    };
    expect(await importChannels(cloud.database, firstHub, testActor, { channels: [channel] })).toMatchObject({
      ok: true,
    });
    expect((await live).messages[0]).toMatchObject({
      key: `"public"."channels"/"live-${kind}"`,
      headers: { operation: "insert", relation: ["public", "channels"] },
    });
  });

  test("a revoked station's held requests end at once, and so do those of a client that goes away", async () => {
    const cloud = makeTestCloud(open().database, { longPollMs: 40_000 });
    const [revoked, leaver] = [await cloud.register("revoked"), await cloud.register("leaver")];
    const server = await serveApp(cloud);
    const hold = async (headers: Record<string, string>, signal: AbortSignal | null = null) => {
      const start = await asker(cloud, headers, "orders")("offset=-1");
      return fetch(`${server.url}/v1/shape?table=orders&live=true&${start.next}`, { headers, signal });
    };
    const held = hold(revoked.headers);
    const leave = new AbortController();
    const left = hold(leaver.headers, leave.signal).catch(() => "left");
    const countHeld = async () => /shape_requests_held (\d+)/.exec(await cloud.deps.metrics.render())?.[1];
    await until(async () => (await countHeld()) === "2", "both are held");
    leave.abort();
    expect(await left).toBe("left");
    await until(async () => (await countHeld()) === "1", "the request of the client that left is let go");
    await sql`update stations set revoked_at = now() where station_id = 'revoked'`.execute(
      cloud.database.kysely,
    );
    expect((await held).status).toBe(401);
    await server.close();
  });

  test("an unknown token ends the official client instead of being tried for ever", async () => {
    const server = await serveApp(open());
    const errors: unknown[] = [];
    const client = followShape(server.url, "ws_wrong", "orders");
    client.stream.subscribe(
      () => undefined,
      (error) => errors.push(error),
    );
    await until(() => errors.length > 0, "the client gave up");
    expect(errors[0]).toBeInstanceOf(FetchError);
    expect(client.requests).toHaveLength(1);
    await server.close();
  });

  test("many writers at once, and every row arrives", async () => {
    const cloud = open();
    const { token } = await cloud.register("many");
    await clearReleases(cloud);
    const server = await serveApp(cloud);
    const client = followShape(server.url, token, "releases");
    try {
      await Promise.all(Array.from({ length: 40 }, (_, writer) => insertReleases(cloud, `w${writer}-`, 25)));
      await until(() => client.shape.currentRows.length === 1000, "every row arrived");
    } finally {
      client.stop();
      await server.close();
    }
  });
});
