import { expect, test } from "vitest";
import { control, read, values, withShapes } from "../test-support/ask-open-shapes.ts";
import { until } from "../test-support/serve.ts";
import { createStrictClient } from "../test-support/strict-rows.ts";
import { describeOnEachDatabase } from "../test-support/test-cloud.ts";

describeOnEachDatabase("any table as a shape", (open) => {
  test("a snapshot, its end, the log, and every header", async () => {
    await withShapes(open(), {}, async ({ run }, ask) => {
      await run(
        `create table items (id int primary key, note varchar(20) not null, ok bool, price numeric(8,2), tags int8[])`,
      );
      await run(`insert into items values (1, 'one "1"', true, 1.50, '{1,2}'), (2, 'two', null, null, null)`);
      const first = await ask({ table: "items" });
      expect(first.status).toBe(200);
      expect(first.headers).toMatchObject({
        "electric-offset": "0_0",
        "electric-has-data": "true",
        "cache-control": "private, max-age=604800, stale-while-revalidate=2629746",
        "content-type": expect.stringContaining("application/json"),
        etag: `"${first.next.handle}:-1:0_0"`,
        "access-control-allow-origin": "*",
      });
      expect(first.headers["electric-handle"]).toMatch(/^\d+-\d{16}$/);
      expect(first.headers["access-control-expose-headers"]).toContain("electric-offset");
      expect(first.headers).not.toHaveProperty("electric-up-to-date");
      expect(JSON.parse(first.headers["electric-schema"] ?? "")).toEqual({
        id: { type: "int4", not_null: true, pk_index: 0 },
        note: { type: "varchar", max_length: 20, not_null: true },
        ok: { type: "bool" },
        price: { type: "numeric", precision: 8, scale: 2 },
        tags: { type: "int8", dims: 1 },
      });
      expect(first.messages).toEqual([
        {
          key: '"public"."items"/"1"',
          value: { id: "1", note: 'one "1"', ok: "true", price: "1.50", tags: "{1,2}" },
          headers: { operation: "insert", relation: ["public", "items"] },
        },
        {
          key: '"public"."items"/"2"',
          value: { id: "2", note: "two", ok: null, price: null, tags: null },
          headers: { operation: "insert", relation: ["public", "items"] },
        },
        {
          headers: {
            control: "snapshot-end",
            xmin: expect.any(String),
            xmax: expect.any(String),
            xip_list: [],
          },
        },
      ]);
      const caughtUp = await ask({ table: "items", ...first.next });
      expect(caughtUp.messages).toEqual([
        { headers: { control: "up-to-date", global_last_seen_lsn: expect.stringMatching(/^\d+$/) } },
      ]);
      expect(caughtUp.headers).toMatchObject({
        "electric-offset": "0_inf",
        "electric-up-to-date": "",
        "cache-control": "private, max-age=60, stale-while-revalidate=300",
      });

      await run(
        `update items set ok = false where id = 1; delete from items where id = 2; insert into items values (3, 'x', true)`,
      );
      const changes = await ask({ table: "items", ...caughtUp.next });
      const [update, removal, insert, end] = changes.messages;
      const { lsn, txids } = update?.headers ?? {};
      expect([update, removal, insert]).toEqual([
        {
          key: '"public"."items"/"1"',
          value: { id: "1", ok: "f" },
          headers: { operation: "update", relation: ["public", "items"], lsn, txids, op_position: 0 },
        },
        {
          key: '"public"."items"/"2"',
          value: { id: "2" },
          headers: { operation: "delete", relation: ["public", "items"], lsn, txids, op_position: 2 },
        },
        {
          key: '"public"."items"/"3"',
          value: { id: "3", note: "x", ok: "t", price: null, tags: null },
          headers: {
            operation: "insert",
            relation: ["public", "items"],
            lsn,
            txids,
            op_position: 4,
            last: true,
          },
        },
      ]);
      expect(txids).toEqual([expect.any(Number)]);
      expect(end?.headers.control).toBe("up-to-date");
      expect(changes.next.offset).toBe(`${lsn}_4`);
      // The place within a transaction is a place, too.
      expect(values(await ask({ table: "items", ...changes.next, offset: `${lsn}_0` }))).toHaveLength(2);
    });
  });

  test("where and replica: rows come in, go out, change their key", async () => {
    await withShapes(open(), {}, async ({ run }, ask) => {
      await run("create table moves (id int primary key, n int, note text)");
      await run("insert into moves values (1, 1, 'a'), (2, 10, 'b')");
      for (const replica of ["default", "full"]) {
        const query = { table: "moves", where: "n > $1", "params[1]": "5", replica };
        const start = await ask(query);
        expect(values(start)).toEqual([{ id: "2", n: "10", note: "b" }]);
        await run("update moves set n = 7 where id = 1");
        await run("update moves set n = 8 where id = 1");
        await run("update moves set id = 9 where id = 1");
        await run("update moves set n = 1 where id = 9");
        await run("update moves set note = note");
        const rest = await ask({ ...query, ...start.next });
        const full = replica === "full";
        expect(rest.messages.slice(0, -1)).toMatchObject([
          { headers: { operation: "insert" }, value: { id: "1", n: "7", note: "a" } },
          full
            ? {
                headers: { operation: "update" },
                value: { id: "1", n: "8", note: "a" },
                old_value: { n: "7" },
              }
            : { headers: { operation: "update" }, value: { id: "1", n: "8" } },
          {
            headers: { operation: "delete", key_change_to: '"public"."moves"/"9"', op_position: 0 },
            value: full ? { id: "1", n: "8", note: "a" } : { id: "1" },
          },
          {
            headers: {
              operation: "insert",
              key_change_from: '"public"."moves"/"1"',
              op_position: 1,
              last: true,
            },
            value: { id: "9", n: "8", note: "a" },
          },
          { headers: { operation: "delete" }, value: full ? { id: "9" } : { id: "9" } },
        ]);
        expect(rest.messages[1]).toHaveProperty(
          "value",
          full ? { id: "1", n: "8", note: "a" } : { id: "1", n: "8" },
        );
        await run("update moves set id = 1, n = 1 where id = 9");
      }
    });
  });

  test("chosen columns, tables without a key, and names that need quotes", async () => {
    await withShapes(open(), { longPollMs: 300 }, async ({ run }, ask) => {
      await run(
        `create schema if not exists "Odd one"; create table "Odd one"."t. ""x""/y" (id int primary key, "Ä b" text, c text)`,
      );
      await run(`insert into "Odd one"."t. ""x""/y" values (1, 'ä', 'c')`);
      const query = { table: '"Odd one"."t. ""x""/y"', columns: '"Ä b",id' };
      const start = await ask(query);
      expect(values(start)).toEqual([{ id: "1", "Ä b": "ä" }]);
      expect(JSON.parse(start.headers["electric-schema"] ?? "")).toHaveProperty("Ä b");
      await run(`update "Odd one"."t. ""x""/y" set c = 'other'`);
      const idle = await ask({ ...query, ...start.next, live: "true" });
      expect(idle.messages).toHaveLength(1);
      await run(`update "Odd one"."t. ""x""/y" set "Ä b" = 'ö'`);
      const changed = await ask({ ...query, ...start.next });
      expect(values(changed)).toEqual([{ id: "1", "Ä b": "ö" }]);
      expect(changed.messages[0]?.key).toBe(start.messages[0]?.key);

      await run("create table keyless (a text, b text)");
      await run("insert into keyless values ('x/y', null)");
      const loose = await ask({ table: "keyless" });
      expect(loose.messages[0]?.key).toBe('"public"."keyless"/"x//y"/_');
      await run("update keyless set b = 'now'");
      const rest = await ask({ table: "keyless", ...loose.next });
      expect(rest.messages.map(({ headers }) => headers.operation)).toEqual(["delete", "insert", undefined]);
    });
  });

  test("chunks of a snapshot and of a log, each near the size asked for", async () => {
    await withShapes(open(), { chunkBytes: 10_000 }, async ({ run, get }) => {
      await run("create table big (id int primary key, title text)");
      for (const part of [0, 1]) {
        await run(
          `insert into big select n, repeat('x', 1000) from generate_series(${part * 35 + 1}, ${part * 35 + 35}) n`,
        );
        const sizes: number[] = [];
        const client = createStrictClient(async (query) => {
          const response = await get(`table=big&${query}`);
          sizes.push(Number((await response.clone().text()).length));
          return response;
        });
        await client.catchUp();
        expect(client.rows.size).toBe(part * 35 + 35);
        const full = sizes.filter((size) => size > 1000).slice(0, -1);
        expect(full.length).toBeGreaterThanOrEqual(2);
        for (const size of full) expect(Math.abs(size - 10_000)).toBeLessThan(2000);
        await run("truncate big");
        await run(`insert into big select n, repeat('x', 1000) from generate_series(1, 35) n`);
      }
    });
  });

  test("a large change of one transaction comes in chunks, and one that is too large for memory too", async () => {
    await withShapes(open(), { chunkBytes: 200_000 }, async ({ run, get }) => {
      await run("create table bulk (id int primary key, title text)");
      const client = createStrictClient((query) => get(`table=bulk&${query}`));
      await client.catchUp();
      await run("insert into bulk select n, 't' || n from generate_series(1, 60000) n");
      await run("update bulk set title = title || '!' where id <= 6000");
      await client.catchUp();
      expect(client.rows.size).toBe(60_000);
      expect([...client.rows.values()].filter(({ title }) => title?.endsWith("!"))).toHaveLength(6000);
      expect(client.refetches()).toBe(0);
    });
  }, 60_000);

  test("a live request is held, answers at once when something happens, and ends with its time", async () => {
    await withShapes(open(), { longPollMs: 20_000 }, async ({ run, get }, ask) => {
      await run("create table held (id int primary key, n int)");
      const start = await ask({ table: "held" });
      let answered = false;
      const live = get({ table: "held", ...start.next, live: "true", cursor: "999999999" }).then(read);
      void live.then(() => (answered = true));
      await run("create table other_held (id int primary key)");
      await ask({ table: "other_held" });
      await run("insert into other_held values (1)");
      expect(answered).toBe(false);
      await run("insert into held values (1, 1)");
      const change = await live;
      expect(values(change)).toEqual([{ id: "1", n: "1" }]);
      expect(control(change)).toBe("up-to-date");
      expect(change.headers["cache-control"]).toBe("private, max-age=5, stale-while-revalidate=5");
      // A cursor is never one the client has sent.
      expect(Number(change.headers["electric-cursor"])).toBeGreaterThan(999_999_999);
      expect(change.headers).not.toHaveProperty("electric-schema");
    });
    await withShapes(open(), { longPollMs: 200 }, async (_, ask) => {
      const start = await ask({ table: "held" });
      const began = Date.now();
      const idle = await ask({ table: "held", ...start.next, live: "" });
      expect(Date.now() - began).toBeGreaterThanOrEqual(190);
      expect([idle.messages.length, control(idle), idle.next.offset]).toEqual([1, "up-to-date", "0_inf"]);
      expect(idle.headers["electric-has-data"]).toBe("false");
      const again = await ask(
        { table: "held", ...start.next, live: "true" },
        { headers: { "if-none-match": idle.headers.etag ?? "" } },
      );
      expect(again.status).toBe(200);
    });
  });

  test("equal questions have equal tags, and what is known is not sent again", async () => {
    await withShapes(open(), {}, async ({ run, app }, ask) => {
      await run("create table tagged (id int primary key)");
      const start = await ask({ table: "tagged" });
      for (const id of [1, 2, 3]) await run(`insert into tagged values (${id})`);
      expect((await ask({ table: "tagged" })).headers.etag).toBe(start.headers.etag);
      const rest = await ask({ table: "tagged", ...start.next });
      const etag = rest.headers.etag ?? "";
      const known = await ask(
        { table: "tagged", ...start.next },
        { headers: { "if-none-match": `"x", ${etag}` } },
      );
      expect([known.status, known.body, known.headers["electric-offset"]]).toEqual([
        304,
        "",
        rest.next.offset,
      ]);
      await run("insert into tagged values (4)");
      expect(
        (await ask({ table: "tagged", ...start.next }, { headers: { "if-none-match": etag } })).status,
      ).toBe(200);
      const head = await app.request(`/v1/shape?table=tagged&offset=-1`, { method: "HEAD" });
      expect([head.status, await head.text(), head.headers.get("etag")]).toEqual([
        200,
        "",
        start.headers.etag,
      ]);
    });
  });

  test("a request that waits for its own row is left alone by five hundred others", async () => {
    await withShapes(open(), { longPollMs: 20_000 }, async ({ run, server, get }, ask) => {
      await run("create table own (station text primary key, n int)");
      await run("insert into own select 's' || n, 0 from generate_series(1, 60) n");
      const woken: string[] = [];
      const waiting = Array.from({ length: 60 }, async (_, place) => {
        const query = { table: "own", where: `station = 's${place + 1}'` };
        const start = await ask(query);
        expect(values(start)).toHaveLength(1);
        const answer = await read(await get({ ...query, ...start.next, live: "true" }));
        woken.push(...values(answer).map((value) => JSON.stringify(value)));
      });
      await until(() => server.waiting() === 60, "everybody waits");
      const reads = server.reads();
      await run("update own set n = 1 where station = 's7'");
      await until(() => woken.length === 1, "the one answers");
      expect(woken).toEqual(['{"station":"s7","n":"1"}']);
      // Nobody else has even looked.
      expect(server.reads() - reads).toBeLessThanOrEqual(1);
      await run("update own set n = 2");
      await Promise.all(waiting);
      expect(woken).toHaveLength(60);
    });
  });
});
