import { sql } from "kysely";
import { expect, test } from "vitest";
import { until } from "../test-support/serve.ts";
import { describeOnEachDatabase } from "../test-support/test-cloud.ts";
import { captureTable, ensureShapeCapture } from "./capture-schema.ts";
import { startLogTail } from "./log-tail.ts";
import { withoutTables } from "./untyped-database.ts";

const commits = 200;

describeOnEachDatabase("the newest part of the log", (cloud) => {
  test("is read a few times for very many commits, and every one of them is in it", async () => {
    const { database } = cloud();
    const kysely = withoutTables(database.kysely);
    await ensureShapeCapture(kysely);
    await sql`create table busy (number int primary key)`.execute(kysely);
    await captureTable(kysely, "public", "busy");
    let looks = 0;
    const seen: (string | null)[] = [];
    const tail = await startLogTail(kysely, database.changes, {
      onEntries: async () => {
        looks += 1;
      },
      onSkipped: async () => undefined,
      onAdvanced: (entries) => seen.push(...entries.map(({ newText }) => newText)),
      onError: (error) => {
        throw error;
      },
    });
    await using resources = new AsyncDisposableStack();
    resources.defer(async () => tail.stop());
    for (let number = 1; number <= commits; number += 1)
      await sql`insert into busy values (${number})`.execute(kysely);
    await until(() => seen.length === commits, "all of them");
    expect(seen).toEqual(Array.from({ length: commits }, (_, at) => `(${at + 1})`));
    expect(looks).toBeLessThan(commits / 4);
  });
});
