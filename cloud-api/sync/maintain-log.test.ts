import { sql } from "kysely";
import { expect, test } from "vitest";
import { describeOnEachDatabase, firstHub } from "../test-support/test-cloud.ts";
import { defaultLogLimits, type LogLimits, maintainShapeLog } from "./maintain-log.ts";

const commits = 40;
const recordBytes = 5000;

describeOnEachDatabase("the log of changes", (cloud) => {
  /** Commits of three entries each; those of other tests in this database are gone before. */
  async function write(): Promise<void> {
    const { kysely } = cloud().database;
    await maintainShapeLog(kysely, { ...defaultLogLimits, ageMs: -1000 });
    for (let commit = 0; commit < commits; commit += 1)
      await sql`insert into releases (tenant_id, hub_id, order_id, revision, parts_hash)
        select ${firstHub.tenantId}, ${firstHub.hubId}, gen_random_uuid()::text, 1, repeat('x', ${recordBytes}::integer)
        from generate_series(1, 3)`.execute(kysely);
  }

  async function keep(
    limits: Partial<LogLimits>,
  ): Promise<{ commits: number; entries: number; whole: boolean }> {
    await maintainShapeLog(cloud().database.kysely, { ...defaultLogLimits, ...limits });
    const { rows } = await sql<{ commits: number; entries: number; newest: boolean }>`
      select count(distinct c.xid)::int as commits, count(*)::int as entries,
        coalesce(min(c.number), 0) > (select trimmed_through from waystation_shapes.state) as newest
      from waystation_shapes.commits c join waystation_shapes.log l on l.xid = c.xid`.execute(
      cloud().database.kysely,
    );
    const [row] = rows;
    return { commits: row?.commits ?? 0, entries: row?.entries ?? 0, whole: row?.newest === true };
  }

  test("keeps the newest commits that fit the limits, each whole", async () => {
    await write();
    expect(await keep({})).toEqual({ commits, entries: 3 * commits, whole: true });
    expect(await keep({ entries: 92 })).toEqual({ commits: 30, entries: 90, whole: true });
    expect(await keep({ bytes: 20 * 3 * (recordBytes + 300) })).toEqual({
      commits: 20,
      entries: 60,
      whole: true,
    });
    expect(await keep({ entries: 61, bytes: 10 * 3 * (recordBytes + 300) })).toEqual({
      commits: 10,
      entries: 30,
      whole: true,
    });
    expect(await keep({ ageMs: -1000 })).toEqual({ commits: 0, entries: 0, whole: false });
  });
});
