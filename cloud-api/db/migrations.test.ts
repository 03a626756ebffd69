import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kysely, PGliteDialect, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { expectedOldRows, fillOldDatabase, readOldRows } from "../test-support/old-database.ts";
import { type PostgresServer, postgresMissing, startPostgres } from "../test-support/postgres-server.ts";
import { openDatabase, present } from "../test-support/test-cloud.ts";
import { connectDatabase, type Database } from "./connect.ts";
import { migrationLock, migrations } from "./migrate.ts";
import { openEmbedded } from "./open-embedded.ts";
import { prepareFolder } from "./prepare-folder.ts";
import type { CloudTables } from "./tables.ts";

const root = mkdtempSync(join(tmpdir(), "waystation-migrations-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const child = fileURLToPath(new URL("../test-support/migrate-and-die-child.ts", import.meta.url));

/** Null: it was killed, as asked for; otherwise the number of its statements. */
function migrateIn(kind: "folder" | "postgres", where: string, diesAfter?: number): number | null {
  const args = [child, kind, where, ...(diesAfter === undefined ? [] : [String(diesAfter)])];
  const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  if (signal === "SIGKILL") return null;
  if (!/^\d+\n$/.test(stdout)) throw new Error(`the child failed: ${stderr.slice(-500)}`);
  return Number(stdout);
}

/** Evenly spread, the last one included. */
const sample = (count: number, size: number): readonly number[] =>
  Array.from({ length: size }, (_, index) => Math.ceil(((index + 1) * count) / size));

async function expectWhole(database: Database, kind: "empty" | "old"): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
    database.kysely,
  );
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(migrations).toSorted());
  const left = await sql`select 1 from pg_class where relname = 'facts_unpartitioned'`.execute(
    database.kysely,
  );
  expect(left.rows).toEqual([]);
  if (kind === "old") expect(await readOldRows(database.kysely)).toEqual(expectedOldRows);
}

/** Makes a fresh copy of the empty or the old database and says where it is. */
type Fixture = (kind: "empty" | "old") => Promise<{ child: string; open: () => Promise<Database> }>;

async function killAndGoOn(
  name: "folder" | "postgres",
  kind: "empty" | "old",
  fixture: Fixture,
  size: number,
): Promise<void> {
  const count = present(migrateIn(name, (await fixture(kind)).child));
  const steps = sample(count, size);
  console.log(`${name}, ${kind}: killed after statements ${steps.join(", ")} of ${count}`);
  for (const step of steps) {
    const copy = await fixture(kind);
    expect(migrateIn(name, copy.child, step)).toBeNull();
    const database = await copy.open();
    await expectWhole(database, kind);
    await database.close();
  }
}

describe("migrations on the embedded database, killed at any statement", () => {
  const templates = { empty: join(root, "empty"), old: join(root, "old") };
  let copies = 0;
  const fixture: Fixture = async (kind) => {
    copies += 1;
    const folder = join(root, `copy-${copies}`);
    cpSync(templates[kind], join(folder, "database"), { recursive: true });
    const open = () => openDatabase({ kind: "folder", path: folder });
    return { child: join(folder, "database"), open };
  };
  beforeAll(async () => {
    await prepareFolder(templates.empty);
    cpSync(templates.empty, templates.old, { recursive: true });
    const kysely = new Kysely<CloudTables>({
      dialect: new PGliteDialect({ pglite: await openEmbedded(templates.old) }),
    });
    await fillOldDatabase(kysely);
    await kysely.destroy();
  }, 120_000);

  test("from nothing", () => killAndGoOn("folder", "empty", fixture, 2), 120_000);
  test(
    "from the first published version, with its rows",
    () => killAndGoOn("folder", "old", fixture, 4),
    120_000,
  );

  test("a newer database is refused and left alone", async () => {
    const { open, child: folder } = await fixture("empty");
    const database = await open();
    await markNewer(database.kysely);
    await database.close();
    await expectRefused({ kind: "folder", path: join(folder, "..") });
  }, 60_000);
});

const markNewer = (kysely: Kysely<CloudTables>) =>
  sql`insert into kysely_migration (name, timestamp) values ('9000-future', '2030-01-01T00:00:00.000Z')`.execute(
    kysely,
  );

async function expectRefused(config: Parameters<typeof connectDatabase>[0]): Promise<void> {
  const refused = await connectDatabase(config);
  if (refused.ok) throw new Error("was opened");
  expect(refused.failure).toMatchObject({ code: "database.newer", details: { found: "9000-future" } });
  expect(describeFailure(refused.failure)).toContain("made by a newer cloud (9000-future)");
}

describe.skipIf(postgresMissing !== null)(
  `migrations on PostgreSQL${postgresMissing === null ? "" : ` (${postgresMissing})`}`,
  () => {
    let server: PostgresServer | null = null;
    let copies = 0;
    const urlOf = (database: string): string => present(server).url.replace("/postgres?", `/${database}?`);
    const run = async (statement: string): Promise<void> => {
      const client = new pg.Client({ connectionString: present(server).url });
      await client.connect();
      await client.query(statement);
      await client.end();
    };
    const fixture: Fixture = async (kind) => {
      copies += 1;
      const name = `copy_${copies}`;
      await run(`create database ${name} template ${kind === "old" ? "old" : "template1"}`);
      const url = urlOf(name);
      return { child: url, open: () => openDatabase({ kind: "postgres", url }) };
    };
    beforeAll(async () => {
      server = await startPostgres();
      await run("create database old");
      const pool = new pg.Pool({ connectionString: urlOf("old"), max: 2 });
      const kysely = new Kysely<CloudTables>({ dialect: new PostgresDialect({ pool }) });
      await fillOldDatabase(kysely);
      await kysely.destroy();
    }, 60_000);
    afterAll(() => server?.stop());

    test("from nothing", () => killAndGoOn("postgres", "empty", fixture, 4), 120_000);
    test(
      "from the first published version, with its rows",
      () => killAndGoOn("postgres", "old", fixture, 6),
      120_000,
    );

    test("clouds that start together wait for one another", async () => {
      const { child: url } = await fixture("old");
      const opened = await Promise.all([1, 2, 3].map(() => openDatabase({ kind: "postgres", url })));
      for (const database of opened) {
        await expectWhole(database, "old");
        await database.close();
      }
    }, 60_000);

    test("a cloud that starts while another one migrates looks at nothing before it is done", async () => {
      const { child: url, open } = await fixture("empty");
      const other = new pg.Client({ connectionString: url });
      await other.connect();
      await other.query("select pg_advisory_lock($1)", [migrationLock]);
      const asks = `select wait_event, query from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state = 'active'`;
      let isOpen = false;
      const opening = open().finally(() => (isOpen = true));
      let active: { wait_event: string; query: string }[] = [];
      while (active.length === 0 && !isOpen) active = (await other.query(asks)).rows;
      // Long enough for whoever looks around in the meantime.
      await new Promise((resolve) => setTimeout(resolve, 200));
      active = (await other.query(asks)).rows;
      expect(active).toMatchObject([
        { wait_event: "advisory", query: expect.stringContaining("advisory_lock") },
      ]);
      expect((await other.query("select to_regclass('kysely_migration_lock') as made")).rows).toEqual([
        { made: null },
      ]);
      await other.end();
      const database = await opening;
      await expectWhole(database, "empty");
      await database.close();
    }, 60_000);

    test("a newer database is refused and left alone", async () => {
      const { child: url, open } = await fixture("empty");
      const database = await open();
      await markNewer(database.kysely);
      await database.close();
      await expectRefused({ kind: "postgres", url });
    }, 60_000);

    test("forgotten locks and endless statements are ended by the server", async () => {
      const { open } = await fixture("empty");
      const database = await open();
      const { rows } = await sql<{ limits: string }>`select current_setting('statement_timeout') || ' ' ||
        current_setting('lock_timeout') || ' ' || current_setting('idle_in_transaction_session_timeout') as limits`.execute(
        database.kysely,
      );
      expect(rows[0]?.limits).toBe("2min 30s 1min");
      await database.close();
    }, 60_000);
  },
);
