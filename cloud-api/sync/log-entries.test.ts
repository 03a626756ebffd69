import { sql } from "kysely";
import { expect, test } from "vitest";
import { describeOnEachDatabase } from "../test-support/test-cloud.ts";
import { captureTable, ensureShapeCapture } from "./capture-schema.ts";
import { readLogEnd, readNewCommits } from "./log-entries.ts";
import { withoutTables } from "./untyped-database.ts";

const rowsBefore = 12_000;
const commits = 20;

describeOnEachDatabase("new commits", (cloud) => {
  test("are read without reading the rest of the log, which nobody has analysed yet", async () => {
    const kysely = withoutTables(cloud().database.kysely);
    await ensureShapeCapture(kysely);
    await sql`create table followed (number int primary key)`.execute(kysely);
    await captureTable(kysely, "public", "followed");
    await sql`insert into followed select generate_series(1, ${sql.lit(rowsBefore)})`.execute(kysely);
    const { end: before } = await readLogEnd(kysely);

    // One connection throughout: after a few times a statement has a plan that fits any value.
    await kysely.connection().execute(async (session) => {
      const countRead = async (): Promise<number> => {
        await sql`select pg_stat_force_next_flush()`.execute(session);
        const { rows } = await sql<{ read: string }>`
          select seq_tup_read::text as read from pg_catalog.pg_stat_all_tables
          where schemaname = 'waystation_shapes' and relname = 'log' and ${1}::int = 1`.execute(session);
        return Number(rows[0]?.read);
      };
      const readBefore = await countRead();
      let end = before;
      for (let commit = 1; commit <= commits; commit += 1) {
        await sql`insert into followed values (${rowsBefore + commit})`.execute(session);
        const found = await readNewCommits(session, end, 500);
        expect(found.commits).toHaveLength(1);
        expect(found.entries?.map(({ newText }) => newText)).toEqual([`(${rowsBefore + commit})`]);
        end = found.commits[0]?.number ?? end;
      }
      expect((await countRead()) - readBefore).toBeLessThan(rowsBefore);
    });
  });
});
