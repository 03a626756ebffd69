import { FetchError } from "@electric-sql/client";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { importChannels } from "../modules/channels/import-channels.ts";
import { followShape, type Row } from "../test-support/follow-shape.ts";
import { serveApp, until } from "../test-support/serve.ts";
import {
  describeOnEachDatabase,
  makeTestCloud,
  present,
  type TestCloud,
} from "../test-support/test-cloud.ts";
import { maintainShapeLog } from "./maintain-log.ts";

async function insertReleases(cloud: TestCloud, prefix: string, count: number): Promise<void> {
  await sql`insert into releases (order_id, revision, parts_hash)
    select ${prefix}::text || n, 1, md5(n::text) from generate_series(1, ${count}::integer) as n`.execute(
    cloud.database.kysely,
  );
}

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

      // One request per page and per batch of changes, and held ones in between: nobody asks in a loop.
      const asked = client.requests.length;
      expect(asked).toBeLessThan(40);
    } finally {
      client.stop();
      await server.close();
    }
  }, 120_000);

  test("a client goes on where it stopped", async () => {
    const cloud = open();
    const { token } = await cloud.register("returning");
    await sql`delete from releases`.execute(cloud.database.kysely);
    await insertReleases(cloud, "r-", 10);
    const server = await serveApp(cloud);
    const first = followShape(server.url, token, "releases");
    await until(() => first.stream.isUpToDate, "the first client is up to date");
    const at = { handle: present(first.stream.shapeHandle), offset: first.stream.lastOffset };
    first.stop();
    await insertReleases(cloud, "while-away-", 5);
    await sql`delete from releases where order_id = 'r-1'`.execute(cloud.database.kysely);

    const seen: string[] = [];
    const second = followShape(server.url, token, "releases", at);
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
    } finally {
      second.stop();
      await server.close();
    }
  });

  test("a client behind a trimmed log, or from another epoch, fetches anew", async () => {
    const cloud = open();
    const { token, headers } = await cloud.register("late");
    await sql`delete from releases`.execute(cloud.database.kysely);
    await insertReleases(cloud, "t-", 5);
    const server = await serveApp(cloud);
    const first = followShape(server.url, token, "releases");
    await until(() => first.stream.isUpToDate, "the first client is up to date");
    const at = { handle: present(first.stream.shapeHandle), offset: first.stream.lastOffset };
    first.stop();
    await insertReleases(cloud, "later-", 20);
    await sql`update releases set revision = 9`.execute(cloud.database.kysely);
    await maintainShapeLog(cloud.database.kysely, 3);
    const { rows: log } = await sql`select 1 from shape_log where table_name = 'releases'`.execute(
      cloud.database.kysely,
    );
    expect(log.length).toBeLessThanOrEqual(25);

    const second = followShape(server.url, token, "releases", at);
    try {
      await until(
        () => second.stream.isUpToDate && second.shape.currentRows.length === 25,
        "the second client has every row",
      );
      expect(second.stream.shapeHandle).not.toBe(at.handle);
      expect(second.shape.currentRows.every((row) => row.revision === "9")).toBe(true);
    } finally {
      second.stop();
    }
    const ask = (query: string) =>
      cloud.app.request(`/v1/shape?table=releases&log=full&${query}`, { headers });
    const beyond = await ask(`handle=${second.stream.shapeHandle}&offset=999999999_1`);
    expect([beyond.status, await beyond.json()]).toEqual([409, [{ headers: { control: "must-refetch" } }]]);
    expect((await ask("handle=nonsense&offset=5_1")).status).toBe(409);
    await sql`update shape_state set epoch = gen_random_uuid() where table_name = 'releases'`.execute(
      cloud.database.kysely,
    );
    expect((await ask(`handle=${second.stream.shapeHandle}&offset=${second.stream.lastOffset}`)).status).toBe(
      409,
    );
    await server.close();
  });

  test("compacting the log hides no change", async () => {
    const cloud = open();
    const { headers } = await cloud.register("compact");
    await sql`delete from releases`.execute(cloud.database.kysely);
    await insertReleases(cloud, "c-", 3);
    const ask = async (query: string) => {
      const response = await cloud.app.request(`/v1/shape?table=releases&${query}`, { headers });
      const messages = (await response.json()) as { value?: Row; headers: { operation?: string } }[];
      return {
        handle: response.headers.get("electric-handle"),
        offset: response.headers.get("electric-offset"),
        messages,
      };
    };
    const start = await ask("offset=-1");
    for (let turn = 2; turn < 6; turn += 1)
      await sql`update releases set revision = ${turn}`.execute(cloud.database.kysely);
    await sql`delete from releases where order_id = 'c-3'`.execute(cloud.database.kysely);
    await maintainShapeLog(cloud.database.kysely);
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from shape_log where table_name = 'releases' and key like 'c-%'`.execute(
      cloud.database.kysely,
    );
    expect(rows[0]?.n).toBe(3);
    const rest = await ask(`offset=${start.offset}&handle=${start.handle}`);
    expect(
      rest.messages.flatMap((message) =>
        message.value === undefined
          ? []
          : [`${message.headers.operation} ${message.value.order_id} ${message.value.revision}`],
      ),
    ).toEqual(["update c-1 5", "update c-2 5", "delete c-3 undefined"]);
  });

  test("a station sees only its own acknowledgements, and nothing without its token", async () => {
    const cloud = open();
    const [one, two] = [await cloud.register("ack-1"), await cloud.register("ack-2")];
    for (const station of [one, two])
      await sql`insert into acknowledgements (station_id, log_id, received_through, last_hash)
        values (${station.stationId}, 'log-1', 5, '')`.execute(cloud.database.kysely);
    const ask = (headers: Record<string, string>, query: string) =>
      cloud.app.request(`/v1/shape?table=acknowledgements&${query}`, { headers });

    const first = await ask(one.headers, "offset=-1");
    expect(first.headers.get("cache-control")).toContain("private");
    expect(await first.json()).toMatchObject([
      { value: { station_id: "ack-1", log_id: "log-1", received_through: "5", durable_through: "0" } },
    ]);
    const handle = first.headers.get("electric-handle");
    const waiting = ask(one.headers, `offset=${first.headers.get("electric-offset")}&handle=${handle}`);
    expect(await (await waiting).json()).toHaveLength(1);
    await sql`update acknowledgements set received_through = 9 where station_id = 'ack-2'`.execute(
      cloud.database.kysely,
    );
    const foreign = await ask(
      one.headers,
      `offset=${first.headers.get("electric-offset")}&handle=${handle}&live=true`,
    );
    expect(await foreign.json()).toEqual([{ headers: { control: "up-to-date", global_last_seen_lsn: "0" } }]);
    expect(foreign.headers.get("electric-cursor")).toMatch(/^\d+$/);
    // Asked at the same moment from the same place, each still gets its own row only.
    const again = `offset=${first.headers.get("electric-offset")}&handle=${handle}`;
    await sql`update acknowledgements set received_through = 12 where station_id in ('ack-1', 'ack-2')`.execute(
      cloud.database.kysely,
    );
    const both = await Promise.all(
      [ask(one.headers, again), ask(two.headers, again)].map(
        async (reply) => (await (await reply).json()) as { value?: Row }[],
      ),
    );
    expect(both.map((messages) => messages.flatMap((message) => message.value?.station_id ?? []))).toEqual([
      ["ack-1"],
      ["ack-2"],
    ]);
    expect((await ask({}, "offset=-1")).status).toBe(401);
    // A client cannot widen its own shape.
    expect((await ask(one.headers, "offset=-1&where=true")).status).toBe(400);
    expect((await ask(one.headers, "offset=-1&columns=station_id")).status).toBe(400);
    expect(
      (await cloud.app.request("/v1/shape?table=stations&offset=-1", { headers: one.headers })).status,
    ).toBe(400);
  });

  test("what the server does not have is refused by name, what it does not know is ignored", async () => {
    const cloud = open();
    const { headers } = await cloud.register("picky");
    const ask = async (query: string) => {
      const response = await cloud.app.request(`/v1/shape?${query}`, { headers });
      const body = (await response.json()) as {
        failure?: { code: string; details: Record<string, unknown> };
      };
      return [
        response.status,
        body.failure?.code,
        body.failure?.details.feature ?? body.failure?.details.reason,
      ];
    };
    expect(await ask("table=orders&offset=now")).toEqual([400, "shape.unsupported", "offset=now"]);
    expect(await ask("table=orders&offset=-1&live_sse=true")).toEqual([
      400,
      "shape.unsupported",
      "live_sse=true",
    ]);
    expect(await ask("table=orders&offset=-1&log=changes_only")).toEqual([
      400,
      "shape.unsupported",
      "log=changes_only",
    ]);
    expect(await ask("table=orders&offset=-1&subset__limit=3")).toEqual([
      400,
      "shape.unsupported",
      "subset__limit",
    ]);
    expect(await ask("table=orders&offset=-1&params[1]=3")).toEqual([400, "shape.unsupported", "params[1]"]);
    expect(await ask("table=orders&offset=5_1")).toEqual([
      400,
      "request.invalid",
      "handle is required with this offset",
    ]);
    expect((await ask("table=orders&offset=x&handle=y"))[1]).toBe("request.invalid");
    expect((await ask("table=orders&offset=-1&live=true"))[1]).toBe("request.invalid");
    expect(
      (
        await ask(
          "table=orders&offset=-1&columns=%22body%22,order_id,revision&cache-buster=1&novelty=2&expired_handle=q",
        )
      )[0],
    ).toBe(200);
  });

  test("a live request wakes for a change and answers before its time is over", async () => {
    const cloud = open();
    const { headers } = await cloud.register("live");
    const start = await cloud.app.request("/v1/shape?table=channels&offset=-1", { headers });
    const live = cloud.app.request(
      `/v1/shape?table=channels&live=true&offset=${start.headers.get("electric-offset")}&handle=${start.headers.get("electric-handle")}`,
      { headers },
    );
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
    expect(await importChannels(cloud.database, { channels: [channel] })).toMatchObject({ ok: true });
    const messages = (await (await live).json()) as unknown[];
    expect(messages[0]).toMatchObject({
      key: `"public"."channels"/"live-${kind}"`,
      headers: { operation: "insert", relation: ["public", "channels"] },
    });
  });

  test("a held request whose client goes away is let go", async () => {
    const cloud = open();
    let held = 0;
    const subscribe: TestCloud["database"]["changes"]["subscribe"] = (listener) => {
      held += 1;
      const unsubscribe = cloud.database.changes.subscribe(listener);
      return () => {
        held -= 1;
        unsubscribe();
      };
    };
    const counted = makeTestCloud(
      { ...cloud.database, changes: { ...cloud.database.changes, subscribe } },
      { longPollMs: 40_000 },
    );
    const { headers } = await cloud.register("leaver");
    const server = await serveApp(counted);
    const start = await fetch(`${server.url}/v1/shape?table=orders&offset=-1`, { headers });
    const at = `offset=${start.headers.get("electric-offset")}&handle=${start.headers.get("electric-handle")}`;
    const leave = new AbortController();
    const live = fetch(`${server.url}/v1/shape?table=orders&live=true&${at}`, {
      headers,
      signal: leave.signal,
    }).catch(() => "left");
    await until(() => held === 1, "the request is held");
    leave.abort();
    expect(await live).toBe("left");
    await until(() => held === 0, "the request is let go");
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

  test.runIf(kind === "postgres")("a transaction that commits late is not skipped", async () => {
    const cloud = open();
    const { headers } = await cloud.register("ordered");
    const start = await cloud.app.request("/v1/shape?table=sort_plans&offset=-1", { headers });
    const ask = async (offset: string | null, live: boolean) => {
      const response = await cloud.app.request(
        `/v1/shape?table=sort_plans&offset=${offset}&handle=${start.headers.get("electric-handle")}${live ? "&live=true" : ""}`,
        { headers },
      );
      const messages = (await response.json()) as { value?: Row }[];
      return {
        offset: response.headers.get("electric-offset"),
        plans: messages.flatMap((message) => message.value?.plan_id ?? []),
      };
    };
    const insert = (plan: string) =>
      sql`insert into sort_plans (plan_id, version, body) values (${plan}, 1, '{}')`;
    // The first transaction takes its numbers before the second one and commits after it.
    const between = await cloud.database.kysely.transaction().execute(async (slow) => {
      await insert("slow").execute(slow);
      await insert("fast").execute(cloud.database.kysely);
      return ask(start.headers.get("electric-offset"), false);
    });
    const seen = [...between.plans];
    let offset = between.offset;
    for (let turn = 0; turn < 10 && seen.length < 2; turn += 1) {
      const next = await ask(offset, true);
      seen.push(...next.plans);
      offset = next.offset;
    }
    expect(seen.toSorted()).toEqual(["fast", "slow"]);
  });

  test("many writers at once, and every row arrives", async () => {
    const cloud = open();
    const { token } = await cloud.register("many");
    await sql`delete from releases`.execute(cloud.database.kysely);
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
