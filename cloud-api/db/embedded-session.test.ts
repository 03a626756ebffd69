import { sql } from "kysely";
import { expect, test } from "vitest";
import { openDatabase } from "../test-support/test-cloud.ts";

/** The embedded database as the query builder sees it; what both databases do alike is tested with what uses them. */
async function open() {
  const database = await openDatabase({ kind: "temporary" });
  return { ...database, [Symbol.asyncDispose]: database.close };
}

test("values go in and come out as PostgreSQL's driver gives them", async () => {
  await using database = await open();
  const { rows } =
    await sql`select ${true}::boolean as yes, ${null}::text as nothing, ${"it's ☃"}::text as text,
    ${12}::bigint as number, ${[1, 2]}::int[] as list, ${{ a: [1] }}::jsonb as json,
    ${new Date(0)}::timestamptz as at, ${new Uint8Array([0, 255])}::bytea as bytes`.execute(database.kysely);
  expect(rows).toEqual([
    {
      yes: true,
      nothing: null,
      text: "it's ☃",
      number: 12,
      list: [1, 2],
      json: { a: [1] },
      at: new Date(0),
      bytes: new Uint8Array([0, 255]),
    },
  ]);
});

test("more statements than are kept, each of them twice", async () => {
  await using database = await open();
  for (let round = 0; round < 2; round += 1)
    for (let at = 0; at < 230; at += 1) {
      const { rows } = await sql`select ${at}::int + ${sql.raw(String(at))} as sum`.execute(database.kysely);
      expect(rows).toEqual([{ sum: 2 * at }]);
    }
  const { rows } = await sql`select count(*)::int as count from pg_prepared_statements`.execute(
    database.kysely,
  );
  expect(rows).toEqual([{ count: 200 }]);
});

test("a statement said before its table changed is said anew", async () => {
  await using database = await open();
  await sql`create table changing (a int)`.execute(database.kysely);
  await sql`insert into changing values (1)`.execute(database.kysely);
  const read = () => sql`select * from changing where a = ${1}`.execute(database.kysely);
  expect((await read()).rows).toEqual([{ a: 1 }]);
  await sql`alter table changing add column b text default 'new'`.execute(database.kysely);
  expect((await read()).rows).toEqual([{ a: 1, b: "new" }]);
});

test("what is refused leaves the session whole: a value, a COPY, a transaction", async () => {
  await using database = await open();
  const { kysely, bulk } = database;
  await expect(sql`select ${"x"}::int`.execute(kysely)).rejects.toMatchObject({ code: "22P02" });
  const columns = ["tenant_id", "name"];
  const rows = (text: string) => new Uint8Array(Buffer.from(text));
  const tenants = async () =>
    (await sql`select tenant_id from tenants where name = ${"copied"} order by 1`.execute(kysely)).rows;
  await expect(
    bulk((_, copy) => copy("tenants", columns, rows("a\tcopied\nb\tcopied\ttoo many\n"))),
  ).rejects.toMatchObject({ code: "22P04" });
  expect(await tenants()).toEqual([]);
  await bulk((_, copy) => copy("tenants", columns, rows("a\tcopied\nb\tcopied\n")));
  expect(await tenants()).toEqual([{ tenant_id: "a" }, { tenant_id: "b" }]);
  const lost = kysely.transaction().execute(async (tx) => {
    await sql`delete from tenants where name = ${"copied"}`.execute(tx);
    throw new Error("changed its mind");
  });
  await expect(lost).rejects.toThrow("changed its mind");
  expect(await tenants()).toHaveLength(2);
});

test("transactions come one after the other, and a notice is heard when its transaction has committed", async () => {
  await using database = await open();
  const { kysely, changes } = database;
  const heard: string[] = [];
  changes.subscribe((table) => heard.push(table));
  const done: number[] = [];
  await Promise.all(
    [1, 2, 3].map((number) =>
      kysely.transaction().execute(async (tx) => {
        await sql`select pg_notify('waystation_changes', ${`table-${number}`})`.execute(tx);
        await sql`select ${number}::int`.execute(tx);
        expect(heard).toHaveLength(done.length);
        done.push(number);
      }),
    ),
  );
  expect(done).toEqual([1, 2, 3]);
  expect(heard).toEqual(["table-1", "table-2", "table-3"]);
});

test("a closed database says so", async () => {
  const database = await openDatabase({ kind: "temporary" });
  await database.close();
  await expect(sql`select ${1}::int`.execute(database.kysely)).rejects.toThrow("closed");
});
