import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { parseCloudConfig } from "../config/cloud-config.ts";
import { startCloud } from "../start-cloud.ts";
import { type PostgresServer, postgresMissing, startPostgres } from "../test-support/postgres-server.ts";
import { adminToken, present } from "../test-support/test-cloud.ts";
import { connectDatabase, type DatabaseConfig } from "./connect.ts";
import { explainPostgres, tooOld } from "./explain-postgres.ts";

async function sentenceOf(config: DatabaseConfig): Promise<string> {
  const refused = await connectDatabase(config);
  if (refused.ok) throw new Error("was opened");
  expect(refused.failure.code).toBe("config.invalid");
  return describeFailure(refused.failure);
}

const hidden = "hidden-password";

describe.skipIf(postgresMissing !== null)("a wrong DATABASE_URL is one sentence", () => {
  let server: PostgresServer | null = null;
  const urlOf = (user: string, database: string): string =>
    present(server).url.replace("waystation@", `${user}:${hidden}@`).replace("/postgres?", `/${database}?`);
  beforeAll(async () => {
    server = await startPostgres();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query("create role weak login");
    await client.query("revoke create on schema public from public");
    await client.query(
      "create database narrow encoding 'LATIN1' locale 'C' locale_provider libc template template0",
    );
    await client.end();
  }, 60_000);
  afterAll(() => server?.stop());

  test.each([
    ["no such database", "waystation", "nowhere", "DATABASE_URL: there is no database nowhere"],
    ["no such user", "stranger", "postgres", "DATABASE_URL: the server at"],
    ["no rights", "weak", "postgres", "DATABASE_URL: user weak may not create tables in postgres"],
    ["no room for every script", "waystation", "narrow", "narrow keeps text as LATIN1, UTF8 is needed"],
  ])("%s", async (_name, user, database, sentence) => {
    const text = await sentenceOf({ kind: "postgres", url: urlOf(user, database) });
    expect(text).toContain(sentence);
    expect(text).not.toContain(hidden);
  });
});

test.each([
  ["postgresql://u:hidden-password@127.0.0.1:1/d", "DATABASE_URL: nothing answers at 127.0.0.1:1"],
  [
    "postgresql://u:hidden-password@no-such-host.invalid/d",
    "DATABASE_URL: the name in no-such-host.invalid:5432",
  ],
  [
    "postgresql://u:hidden-password@localhost/d?host=/no/such/socket",
    "DATABASE_URL: there is no socket at /no/such/socket",
  ],
])("nobody there: %s", async (url, sentence) => {
  const text = await sentenceOf({ kind: "postgres", url });
  expect(text).toContain(sentence);
  expect(text).not.toContain(hidden);
});

test("a password that is refused, and an old server", () => {
  const error = Object.assign(new Error('password authentication failed for user "u"'), { code: "28P01" });
  const { failure } = explainPostgres(
    new Error("wrapped", { cause: error }),
    "postgresql://u:hidden-password@h/d",
  );
  expect(describeFailure(failure)).toContain(
    "DATABASE_URL: the server at h:5432 refuses the password of user u",
  );
  expect(describeFailure(failure)).not.toContain(hidden);
  expect(describeFailure(tooOld("14.9").failure)).toContain("PostgreSQL 14.9: version 15 or newer is needed");
});

describe("a wrong place is one sentence", () => {
  const root = mkdtempSync(join(tmpdir(), "waystation-place-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const start = async (input: object): Promise<string> => {
    const config = parseCloudConfig({ adminToken, port: 0, dataDir: join(root, "data"), ...input });
    if (!config.ok) throw new Error("the test's own settings");
    const cloud = await startCloud(config.value);
    if (cloud.ok) throw new Error("was started");
    return describeFailure(cloud.failure);
  };

  test("a file where the data folder should be", async () => {
    writeFileSync(join(root, "file"), "");
    expect(await start({ dataDir: join(root, "file") })).toContain("WAYSTATION_CLOUD_DATA_DIR: ");
    expect(await start({ dataDir: join(root, "file/below") })).toContain("cannot be used (ENOTDIR)");
  });

  test("an address that is not this machine's", async () => {
    expect(await start({ host: "203.0.113.7" })).toContain(
      'WAYSTATION_CLOUD_HOST: this machine cannot listen on "203.0.113.7"',
    );
    expect(await start({ host: "no-such-host.invalid" })).toContain("WAYSTATION_CLOUD_HOST: ");
  });
});
