import fc from "fast-check";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openShapes } from "../test-support/open-shapes.ts";
import { describeOnEachDatabase } from "../test-support/test-cloud.ts";
import { parseRecordText, type RowValues } from "./record-text.ts";
import { parseWhere } from "./where-parser.ts";

const columns = new Set(["id", "note", "n", "tags", "ok", 'odd "name"']);
const parse = (text: string, params: readonly string[] = []) =>
  parseWhere(text, {
    table: "t",
    columns,
    params: new Map(params.map((value, place) => [place + 1, value])),
  });

const writeRecord = (values: RowValues): string =>
  `(${values
    .map((value) => {
      if (value === null) return "";
      const plain = value !== "" && !/[\s,()"\\]/.test(value);
      return plain ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '""')}"`;
    })
    .join()})`;

test("the text of a row is read back as it was", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[,()"\\ \n{}]{0,8}$/),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 6 }), (values) => {
      expect(parseRecordText(writeRecord(values))).toEqual(values);
    }),
  );
});

test("accepted", () => {
  for (const text of [
    "id = 1",
    "id=1 AND note<>'x' or NOT ok",
    "note LIKE 'a%' AND note NOT ILIKE $1",
    "id IN (1, 2, -3) AND id not in (4)",
    "n BETWEEN 1 AND 2 AND n NOT BETWEEN 5 AND 6",
    "ok IS TRUE AND ok IS NOT FALSE AND note IS NOT NULL AND n IS NOT DISTINCT FROM 5",
    "lower(note) || 'x' = upper('a') AND abs(-n + 2 * 3 - 1 % 2) > 0",
    "n::text = '5' AND CAST(n AS bigint) = 5 AND id = ANY('{1,2}'::int[]) AND note = ANY(ARRAY['a', $1])",
    "coalesce(note, 'x') = 'x'",
    '"odd ""name""" = 1 AND t.id = 1',
    "((((id))) = (1))",
  ])
    expect([text, parse(text, ["p"])]).toMatchObject([text, { ok: true }]);
});

test("refused by name", () => {
  const refusals: [text: string, message: string][] = [
    ["id = 1; drop table t", 'syntax error at or near ";"'],
    ["id = 1 -- x", "comments are not supported"],
    ["id = 1 /* x */", "comments are not supported"],
    ["note = E'a'", 'column "e" does not exist'],
    ["note = $$a$$", 'syntax error at or near "$"'],
    ["note = 'a", 'syntax error at or near "\'"'],
    ["id = (SELECT 1)", "subqueries are not supported"],
    ["exists (select 1)", "EXISTS is not supported"],
    ["case when ok then true end", "CASE is not supported"],
    ["pg_read_file('x') = ''", 'function "pg_read_file" is not supported'],
    ["note::regclass = 1", 'type "regclass" is not supported'],
    ["other = 1", 'column "other" does not exist'],
    ["note ~ 'x'", 'syntax error at or near "~"'],
    ["note = $2", "parameter $2 was not provided"],
    ["(id, n) = (1, 2)", "rows in brackets are not supported"],
    ["", "syntax error at end of input"],
    [`${"(".repeat(500)}id`, "the condition is nested too deeply"],
    [`${"id = 1 and ".repeat(2000)}id = 1`, "the condition is too long"],
  ];
  for (const [text, message] of refusals) {
    const reply = parse(text, ["x"]);
    expect([text, reply.ok ? "" : reply.error.message]).toEqual([text, expect.stringContaining(message)]);
  }
});

describeOnEachDatabase("conditions", (open) => {
  test("the same rows as the database finds, in the snapshot and in the log", async () => {
    const shapes = await openShapes(open().database);
    await shapes.run(
      `create table judged (id int primary key, note text, n numeric, ok bool, tags text[], at timestamptz, u uuid)`,
    );
    const rows = `(1, 'foo', 1.50, true, '{a,b}', '2024-01-01 10:00+02', '00000000-0000-0000-0000-000000000001'),
      (2, 'Foo''s "x"', null, false, null, null, null), (3, '', 7, null, '{}', '2025-06-01', null), (4, null, -2, true, '{"c,d"}', null, null)`;
    const conditions = [
      "note like 'f%'",
      "note ilike 'F%' and not ok",
      "n > 1 or n is null",
      "n = 1.5",
      "id in (1, 3) and id <> 3",
      "ok is not true",
      "'a' = any(tags)",
      "at < '2024-06-01' and at = '2024-01-01 08:00Z'",
      "u = '00000000-0000-0000-0000-000000000001'",
      "length(coalesce(note, '')) % 2 = 1",
      "note || '!' = 'foo!'",
      "id = 4 and ok",
      "note = ''",
      "id between 2 and 3",
      "note = 'Foo''s \"x\"'",
      "id = '2'",
      "id - -1 = 2",
    ];
    const starts = [];
    for (const where of conditions) {
      const response = await shapes.get({ table: "judged", offset: "-1", where });
      expect([where, response.status]).toEqual([where, 200]);
      starts.push({ where, handle: response.headers.get("electric-handle") ?? "" });
    }
    await shapes.run(`insert into judged values ${rows}`);
    for (const { where, handle } of starts) {
      const expected = await sql<{
        id: string;
      }>`select judged.id::text as id from judged where ${sql.raw(where)} order by judged.id`.execute(
        open().database.kysely,
      );
      const read = async (query: Record<string, string>) => {
        const messages = (await (await shapes.get({ table: "judged", where, ...query })).json()) as {
          value?: { id: string };
        }[];
        return messages.flatMap(({ value }) => (value === undefined ? [] : { id: value.id }));
      };
      expect([where, await read({ offset: "0_0", handle })]).toEqual([where, expected.rows]);
      await shapes.app.request(`/v1/shape?table=judged&handle=${handle}`, { method: "DELETE" });
      expect([where, await read({ offset: "-1" })]).toEqual([where, expected.rows]);
    }
    await shapes.stop();
  });

  test("whatever is asked, only our own statements run, and no answer is a fault of ours", async () => {
    const shapes = await openShapes(open().database, { longPollMs: 50 });
    await shapes.run("create table fuzzed (id int primary key, note text)");
    await shapes.run("insert into fuzzed values (1, 'a')");
    const pieces = [
      ..."id note = <> < and or not in like is null ( ) , ' '' \" ; -- /* */ :: int text [ ] 1 -1 1.5 $1 $2 || + * % ^".split(
        " ",
      ),
      ..."any array cast as between distinct from true false lower coalesce 'a' '{1}' \\ \u0000 é drop table fuzzed".split(
        " ",
      ),
    ];
    const word = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary", maxLength: 4 }));
    const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(" "));
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.oneof(text, fc.constant("fuzzed")),
        text,
        async (where, param, table, columns) => {
          for (const query of [
            { table: "fuzzed", where, "params[1]": param },
            { table, columns },
            { table: "fuzzed", columns, offset: where, handle: param },
          ]) {
            const { status } = await shapes.get({ offset: "-1", ...query });
            expect([200, 400, 409]).toContain(status);
          }
        },
      ),
      { numRuns: 150 },
    );
    const { rows } = await sql`select id, note from fuzzed`.execute(open().database.kysely);
    expect(rows).toEqual([{ id: 1, note: "a" }]);
    expect(shapes.errors).toEqual([]);
    await shapes.stop();
  }, 60_000);
});
