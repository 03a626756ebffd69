import fc from "fast-check";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createChangeFeed } from "../db/change-feed.ts";
import { listenForChanges } from "../db/listen.ts";
import { openShapeRoutes } from "./open-shapes.ts";
import { type PostgresServer, postgresMissing, startPostgres } from "../test-support/postgres-server.ts";
import { until } from "../test-support/serve.ts";
import { createStrictClient, type StrictClient } from "../test-support/strict-rows.ts";
import { present } from "../test-support/test-cloud.ts";
import { defaultShapeOptions, startShapeServer } from "./shape-server.ts";

/** Orders of commits need several connections, so only a real PostgreSQL will do. */
describe.skipIf(postgresMissing !== null)("commit order on PostgreSQL", () => {
  let postgres: PostgresServer | null = null;
  let pool: pg.Pool | null = null;
  beforeAll(async () => {
    postgres = await startPostgres();
    pool = new pg.Pool({ connectionString: postgres.url, max: 20 });
    // The server ends while some of them are still closing.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  });

  async function serve(chunkBytes: number) {
    const changes = createChangeFeed();
    const listener = await listenForChanges(present(postgres).url, changes);
    const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: present(pool) }) });
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const options = { ...defaultShapeOptions, chunkBytes, longPollMs: 2000, onError };
    const server = await startShapeServer({ kysely, changes }, options);
    const stopping = new AbortController();
    const app = openShapeRoutes({ kysely, changes }, server, {
      token: null,
      cacheMaxAgeSeconds: 60,
      longPollMs: 2000,
      maximumHeld: 1000,
      stopping: stopping.signal,
      onError,
    });
    const follow = (query: string) =>
      createStrictClient(async (rest) => app.request(`/v1/shape?${query}&${rest}`));
    const stop = async (): Promise<void> => {
      stopping.abort();
      await server.stop();
      await listener.stop();
    };
    return { follow, stop, errors };
  }

  const connect = async (): Promise<pg.PoolClient> => present(pool).connect();
  const run = async (text: string): Promise<void> => void (await present(pool).query(text));

  test("two transactions that end the other way round than they began", async () => {
    await run("create table crossed (id int primary key, note text)");
    await run("insert into crossed values (1, 'a'), (2, 'b')");
    const shapes = await serve(10_000);
    const client = shapes.follow("table=crossed");
    await client.catchUp();
    const [early, late] = [await connect(), await connect()];
    // `early` writes first and has the lower transaction id; it commits last.
    await early.query("begin");
    await early.query("update crossed set note = 'early' where id = 1");
    await late.query("begin");
    await late.query("update crossed set note = 'late' where id = 2");
    await late.query("commit");
    await client.catchUp();
    expect([...client.rows.values()].map(({ note }) => String(note)).toSorted()).toEqual(["a", "late"]);
    await early.query("update crossed set note = 'early too' where id = 2");
    await early.query("commit");
    await client.catchUp();
    expect([...client.rows.values()].map(({ note }) => String(note)).toSorted()).toEqual([
      "early",
      "early too",
    ]);

    // The same row, written one after the other by transactions that began the other way round.
    await early.query("begin");
    await early.query("insert into crossed values (3, 'begun')");
    await late.query("begin");
    await late.query("update crossed set note = 'first' where id = 1");
    await late.query("commit");
    await early.query("update crossed set note = 'second' where id = 1");
    await early.query("commit");
    await client.catchUp();
    expect([...client.rows.values()].find(({ id }) => id === "1")?.note).toBe("second");
    early.release();
    late.release();
    await shapes.stop();
  }, 60_000);

  test("a commit that takes long after it got its number is not overtaken", async () => {
    await run("create table slow_commit (id int primary key); create table sleepy (id int)");
    await run(`create function sleep_at_commit() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.5); return null; end $$`);
    await run(`create constraint trigger sleepy after insert on sleepy deferrable initially deferred
      for each row execute function sleep_at_commit()`);
    const shapes = await serve(10_000);
    const client = shapes.follow("table=slow_commit");
    await client.catchUp();
    const slow = await connect();
    await slow.query("begin");
    await slow.query("insert into slow_commit values (1)");
    // Queued behind the numbering of the commit: what sleeps has its number already.
    await slow.query("insert into sleepy values (1)");
    const ending = slow.query("commit");
    await until(async () => {
      const { rows } = await present(pool).query(
        "select 1 from pg_stat_activity where query = 'commit' and wait_event = 'PgSleep'",
      );
      return rows.length === 1;
    }, "the commit is under way");
    const overtaking = run("insert into slow_commit values (2)");
    while (client.rows.size === 0) await client.step(false);
    await Promise.all([ending, overtaking]);
    await client.catchUp();
    expect([...client.rows.values()].map(({ id }) => String(id)).toSorted()).toEqual(["1", "2"]);
    slow.release();
    await shapes.stop();
  }, 60_000);

  const statement = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("insert" as const), id: fc.nat(30), value: fc.nat(9) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("update" as const), id: fc.nat(30), value: fc.nat(9) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("rekey" as const), id: fc.nat(30), value: fc.nat(30) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("delete" as const), id: fc.nat(30), value: fc.nat(9) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("many" as const), id: fc.nat(30), value: fc.nat(9) }),
    },
  );
  type Statement = typeof statement extends fc.Arbitrary<infer T> ? T : never;
  const transaction = fc.record({
    statements: fc.array(statement, { minLength: 1, maxLength: 6 }),
    savepoint: fc.boolean(),
    end: fc.constantFrom("commit", "commit", "commit", "rollback"),
  });
  type Transaction = typeof transaction extends fc.Arbitrary<infer T> ? T : never;

  const texts: Record<Statement["kind"], (id: number, value: number) => string> = {
    insert: (id, value) =>
      `insert into raced values (${id}, ${value}, 'n${value}') on conflict (id) do update set value = excluded.value`,
    update: (id, value) => `update raced set value = ${value} where id = ${id}`,
    rekey: (id, value) =>
      `update raced set id = ${value} where id = ${id} and not exists (select from raced where id = ${value})`,
    delete: (id) => `delete from raced where id = ${id}`,
    many: (id, value) =>
      `update raced set note = note || '${value}', value = (value + 1) % 10 where id > ${id}`,
  };

  /** A statement that meets another's key or lock fails, and its transaction with it: that is part of the game. */
  async function perform(writer: pg.PoolClient, { statements, savepoint, end }: Transaction): Promise<void> {
    await writer.query("begin");
    try {
      for (const [place, { kind, id, value }] of statements.entries()) {
        if (savepoint && place === 1) await writer.query("savepoint inside");
        await writer.query(texts[kind](id, value));
      }
      if (savepoint && statements.length > 1 && statements.length % 2 === 0)
        await writer.query("rollback to savepoint inside");
      await writer.query(end);
    } catch {
      await writer.query("rollback");
    }
  }

  const conditions = [
    { query: "", where: "true" },
    { query: "&replica=full", where: "true" },
    { query: "&where=value > 4", where: "value > 4" },
    { query: "&where=value = 3&replica=full", where: "value = 3" },
    { query: "&where=id < 15 and note like 'n_'", where: "id < 15 and note like 'n_'" },
    { query: "&columns=id,value", where: "true" },
  ];

  test("random transactions of several writers: every client ends with the rows of the table", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(transaction, { minLength: 1, maxLength: 12 }), { minLength: 2, maxLength: 4 }),
        fc.constantFrom(120, 1500, 1_000_000),
        async (plans, chunkBytes) => {
          await run("drop table if exists raced");
          await run("create table raced (id int primary key, value int not null, note text)");
          await run("insert into raced select n, n % 10, 'n' || n from generate_series(0, 30, 2) n");
          const shapes = await serve(chunkBytes);
          let writing = true;
          const followers = conditions.map(async ({ query, where }, place) => {
            const client = shapes.follow(`table=raced${query}`);
            if (place % 2 === 1) await client.catchUp();
            while (writing) await client.step(place % 3 === 0);
            await client.catchUp();
            return {
              client,
              where,
              columns: query.includes("columns") ? ["id", "value"] : ["id", "value", "note"],
            };
          });
          const writers = plans.map(async (plan) => {
            const writer = await connect();
            for (const one of plan) await perform(writer, one);
            writer.release();
          });
          await Promise.all(writers);
          writing = false;
          // A last change of every row ends the live requests that wait.
          await run("update raced set note = note || '!'");
          await run("insert into raced values (99, 5, 'x'), (98, 3, 'y')");
          for (const follower of followers) await compare(await follower);
          expect(shapes.errors).toEqual([]);
          await shapes.stop();
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
  }, 240_000);

  async function compare({
    client,
    where,
    columns,
  }: {
    client: StrictClient;
    where: string;
    columns: string[];
  }) {
    await client.catchUp();
    const { rows } = await sql<Record<string, string | null>>`select ${sql.raw(
      columns.map((column) => `${column}::text as ${column}`).join(),
    )} from raced where ${sql.raw(where)} order by raced.id`.execute(
      new Kysely<unknown>({ dialect: new PostgresDialect({ pool: present(pool) }) }),
    );
    const byId = (one: Record<string, string | null>, other: Record<string, string | null>): number =>
      Number(one.id) - Number(other.id);
    expect([...client.rows.values()].toSorted(byId)).toEqual(rows);
    expect(client.refetches()).toBe(0);
  }

  test("a transaction that writes while a snapshot is taken is in the snapshot or in the log, never in both", async () => {
    await run("create table moving (id int primary key, note text)");
    await run("insert into moving select n, repeat('x', 200) from generate_series(1, 20000) n");
    const shapes = await serve(50_000);
    let writing = true;
    const writer = (async () => {
      for (let turn = 0; writing; turn += 1)
        await run(
          `update moving set note = '${turn}' where id % 500 = ${turn % 500};
           delete from moving where id = ${20_000 - turn}; insert into moving values (${100_000 + turn}, 'new')`,
        );
      return null;
    })();
    const clients = Array.from({ length: 4 }, () => shapes.follow("table=moving"));
    await Promise.all(clients.map((client) => client.catchUp()));
    writing = false;
    await writer;
    const { rows } = await present(pool).query("select count(*)::int as n, sum(id)::text as ids from moving");
    for (const client of clients) {
      await client.catchUp();
      const ids = [...client.rows.values()].reduce((sum, { id }) => sum + Number(id), 0);
      expect([client.rows.size, String(ids)]).toEqual([rows[0].n, rows[0].ids]);
    }
    await shapes.stop();
  }, 120_000);

  test("the lock of the commit order is held for the commit only", async () => {
    await run("create table calm (id int primary key)");
    const shapes = await serve(10_000);
    await shapes.follow("table=calm").catchUp();
    const slow = await connect();
    await slow.query("begin");
    await slow.query("insert into calm values (1)");
    let done = false;
    const other = run("insert into calm values (2)").then(() => (done = true));
    await until(() => done, "another writer commits while the first is still open", 5000);
    await slow.query("commit");
    slow.release();
    await other;
    await shapes.stop();
  }, 60_000);
});
