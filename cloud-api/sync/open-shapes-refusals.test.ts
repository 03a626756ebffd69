import { expect, test } from "vitest";
import { type Answer, read, values, withShapes } from "../test-support/ask-open-shapes.ts";
import { describeOnEachDatabase } from "../test-support/test-cloud.ts";

describeOnEachDatabase("shapes that are refused or begun again", (open) => {
  test("409 with another handle: unknown handle, other shape, truncated, altered, dropped, deleted", async () => {
    await withShapes(open(), { longPollMs: 10_000 }, async ({ run, get, app }, ask) => {
      await run("create table fragile (id int primary key, note text); insert into fragile values (1, 'a')");
      const expectRefetch = (answer: Answer, former: string) => {
        expect([answer.status, answer.body]).toEqual([409, [{ headers: { control: "must-refetch" } }]]);
        expect(answer.next.handle).not.toBe(former);
        expect(answer.headers["cache-control"]).toBe("private, max-age=60, must-revalidate");
      };
      const start = await ask({ table: "fragile" });
      const unknown = await ask({ table: "fragile", offset: "0_0", handle: "nonexistent" });
      expect([unknown.status, unknown.next.handle]).toEqual([409, start.next.handle]);
      expectRefetch(await ask({ table: "fragile", ...start.next, where: "id > 0" }), start.next.handle);
      expectRefetch(
        await ask({ table: "fragile", ...start.next, offset: "99999999999_0" }),
        start.next.handle,
      );
      expectRefetch(await ask({ table: "fragile", ...start.next, offset: "0_7" }), start.next.handle);

      const causes = [
        "truncate fragile",
        "alter table fragile add column more int; insert into fragile values (2)",
        "alter table fragile rename column more to less; insert into fragile values (3)",
        "drop table fragile; create table fragile (id int primary key, note text); insert into fragile values (9)",
      ];
      for (const cause of causes) {
        const before = await ask({ table: "fragile" });
        const caughtUp = await ask({ table: "fragile", ...before.next });
        const held = get({ table: "fragile", ...caughtUp.next, live: "true" }).then(read);
        await run(cause);
        expectRefetch(await held, before.next.handle);
        expectRefetch(await ask({ table: "fragile", ...caughtUp.next }), before.next.handle);
      }
      expect(values(await ask({ table: "fragile" }))).toEqual([{ id: "9", note: null }]);

      const before = await ask({ table: "fragile" });
      const held = get({ table: "fragile", ...before.next, live: "true" }).then(read);
      const removed = await app.request(`/v1/shape?table=fragile&handle=${before.next.handle}`, {
        method: "DELETE",
      });
      expect(removed.status).toBe(202);
      expectRefetch(await held, before.next.handle);
      expectRefetch(await ask({ table: "fragile", ...before.next }), before.next.handle);
      // A column that may be null from now on makes no row look different.
      const calm = await ask({ table: "fragile" });
      await run("alter table fragile alter column note set default 'x'; insert into fragile values (10)");
      expect((await ask({ table: "fragile", ...calm.next })).status).toBe(200);
    });
  });

  test("refusals name what is wrong, in the form that clients expect", async () => {
    await withShapes(open(), {}, async ({ run, get, app }) => {
      await run("create table picky (id int primary key, note text)");
      const refuse = async (query: Record<string, string>) => {
        const answer = await read(await get(query));
        expect(answer.headers["cache-control"]).toBe("no-store");
        return [answer.status, answer.body];
      };
      const invalid = (errors: Record<string, string[]>) => [400, { message: "Invalid request", errors }];
      const start = { table: "picky", offset: "-1" };
      expect(await refuse({ table: "picky" })).toEqual(invalid({ offset: ["can't be blank"] }));
      expect(await refuse({ offset: "-1" })).toEqual(invalid({ table: ["can't be blank"] }));
      expect(await refuse({ table: "picky", offset: "x" })).toEqual(
        invalid({ offset: ["has invalid format"] }),
      );
      expect(await refuse({ table: "picky", offset: "0_0" })).toEqual(
        invalid({ handle: ["can't be blank when offset != -1"] }),
      );
      expect(await refuse({ ...start, live: "true" })).toEqual(
        invalid({ live: ["can't be true when offset == -1"] }),
      );
      expect(await refuse({ ...start, table: "nowhere" })).toEqual(
        invalid({
          table: [
            'Table "public"."nowhere" does not exist. If the table name contains capitals or special characters you must quote it.',
          ],
        }),
      );
      for (const table of [
        "pg_catalog.pg_class",
        "waystation_shapes.log",
        "a.b.c",
        "x; drop table picky",
        '"a\u0000b"',
      ])
        expect((await refuse({ ...start, table }))[0]).toBe(400);
      expect(await refuse({ ...start, where: "1 x 1" })).toEqual(
        invalid({ where: ['At location 17: syntax error at or near "x"'] }),
      );
      expect(await refuse({ ...start, where: "id in (select 1)" })).toEqual(
        invalid({ where: ["At location 22: subqueries are not supported"] }),
      );
      expect(await refuse({ ...start, where: "pg_sleep(10) is null" })).toEqual(
        invalid({ where: ['At location 15: function "pg_sleep" is not supported'] }),
      );
      expect((await refuse({ ...start, where: "note > 5" }))[0]).toBe(400);
      expect((await refuse({ ...start, where: "note = $1" }))[0]).toBe(400);
      expect((await refuse({ ...start, where: "id = 'abc'" }))[0]).toBe(400);
      expect((await refuse({ ...start, where: "note" }))[0]).toBe(400);
      expect(await refuse({ ...start, columns: "note" })).toEqual(
        invalid({ columns: ["The list of columns must include all primary key columns, missing: id"] }),
      );
      expect(await refuse({ ...start, columns: "id,nope" })).toEqual(
        invalid({ columns: ["The following columns are not found on the table: nope"] }),
      );
      for (const columns of ["", "id,", ",id", 'id,""', 'id,"no'])
        expect((await refuse({ ...start, columns }))[0]).toBe(400);
      for (const [name, value] of Object.entries({
        live_sse: "true",
        experimental_live_sse: "true",
        log: "changes_only",
        replica: "odd",
        subset__limit: "1",
        offset: "now",
      })) {
        const [status, body] = await refuse({ ...start, [name]: value });
        expect([status, Object.keys((body as { errors: object }).errors)]).toEqual([400, [name]]);
      }
      expect((await app.request("/v1/health")).status).toBe(200);
      expect(await (await app.request("/v1/health")).json()).toEqual({ status: "active" });
      expect([(await app.request("/")).status, (await app.request("/nowhere")).status]).toEqual([200, 404]);
      const options = await app.request("/v1/shape", { method: "OPTIONS" });
      expect([options.status, options.headers.get("access-control-allow-methods")]).toEqual([
        204,
        "GET, HEAD, OPTIONS, DELETE",
      ]);
    });
  });

  test("without --open a token is needed, nobody may delete, and no other origin may read", async () => {
    await withShapes(open(), { token: "a-token-of-the-tests" }, async ({ run, app }) => {
      await run("create table guarded (id int primary key)");
      const ask = (headers: Record<string, string>, method = "GET") =>
        app.request("/v1/shape?table=guarded&offset=-1", { method, headers });
      expect((await ask({})).status).toBe(401);
      expect((await ask({ authorization: "Bearer a-token-of-the-test" })).status).toBe(401);
      const answer = await ask({ authorization: "Bearer a-token-of-the-tests" });
      expect([answer.status, answer.headers.get("vary")]).toEqual([200, "authorization"]);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect((await ask({ authorization: "Bearer a-token-of-the-tests" }, "DELETE")).status).toBe(404);
    });
  });
});
