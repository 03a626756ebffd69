import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type QueryExecutorProvider, sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { explainTrouble } from "./explain-trouble.ts";
import { connectDatabase } from "./connect.ts";

/** Under this name the next piece of the log is begun; the embedded PostgreSQL always is process 42. */
const nextPiece = join("database", "pg_wal", "xlogtemp.42");

async function open() {
  const folder = mkdtempSync(join(tmpdir(), "waystation-break-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const breaks: unknown[] = [];
  const opened = await connectDatabase({ kind: "folder", path: folder }, (error) => breaks.push(error));
  if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
  const database = opened.value;
  onTestFinished(() => database.close());
  await sql`create table kept (number int primary key)`.execute(database.kysely);
  const count = async (): Promise<number> => {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from kept`.execute(
      database.kysely,
    );
    return rows[0]?.count ?? 0;
  };
  return { folder, database, breaks, count };
}

/** Where the next piece of the log cannot be begun, PostgreSQL gives up: an error there is a PANIC. */
async function fillLog(db: QueryExecutorProvider): Promise<void> {
  for (let piece = 0; piece < 40; piece += 1)
    await sql`select pg_logical_emit_message(true, 'fill', repeat('x', 1000000))`.execute(db);
}

test("what breaks off is opened again, with everything that was committed", async () => {
  const { folder, database, breaks, count } = await open();
  const notices: string[] = [];
  database.changes.subscribe((table) => void notices.push(table));
  const add = (number: number) => sql`insert into kept values (${number})`.execute(database.kysely);
  await add(1);
  mkdirSync(join(folder, nextPiece));
  await expect(fillLog(database.kysely)).rejects.toMatchObject({ severity: "PANIC" });
  const refused = await add(2).catch((error: unknown) => error);
  expect(explainTrouble(refused)?.code).toBe("database.unreachable");
  rmdirSync(join(folder, nextPiece));
  await expect
    .poll(
      () =>
        add(2).then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);
  expect(await count()).toBe(2);
  expect(breaks).not.toEqual([]);
  expect(notices).toContain("*");
});

test("a transaction does not go on in another life of the database", async () => {
  const { folder, database, count } = await open();
  const isOpenAgain = new Promise<void>((resolve) => {
    database.changes.subscribe((table) => table === "*" && resolve());
  });
  mkdirSync(join(folder, nextPiece));
  const work = database.kysely.transaction().execute(async (transaction) => {
    await sql`insert into kept values (1)`.execute(transaction);
    await expect(fillLog(transaction)).rejects.toMatchObject({ severity: "PANIC" });
    rmdirSync(join(folder, nextPiece));
    await isOpenAgain;
    await sql`insert into kept values (2)`.execute(transaction);
  });
  await expect(work).rejects.toThrow("in the middle of a transaction");
  expect(await count()).toBe(0);
});
