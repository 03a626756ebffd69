import { afterAll, beforeAll, describe } from "vitest";
import { createApp } from "../app.ts";
import { type CloudConfigInput, parseCloudConfig } from "../config/cloud-config.ts";
import { connectDatabase, type Database, type DatabaseConfig } from "../db/connect.ts";
import type { CloudDeps } from "../http/cloud-env.ts";
import { createMetrics } from "../http/metrics.ts";
import { checkHere } from "../modules/ingest/check-thread.ts";
import { enrolTestStation, type TestStation } from "./enrol-test-station.ts";
import { migratedTemplate } from "./database-templates.ts";
import { type PostgresServer, postgresMissing, startPostgres } from "./postgres-server.ts";

export const adminToken = "admin-token-of-the-tests";
/** The tenant and hub that every database begins with. */
export const firstHub = { tenantId: "default", hubId: "main" };
export const ourOrders = { ...firstHub, customerId: null };
export const testActor = { tenantId: "default", name: "test", requestId: null };
/** For use cases called without HTTP. */
export const asStation = (stationId: string) => ({ kind: "station" as const, stationId, ...firstHub });
export const asAdmin = { authorization: `Bearer ${adminToken}` };

export type TestCloud = {
  readonly deps: CloudDeps;
  readonly database: Database;
  readonly app: ReturnType<typeof createApp>;
  /** Enrols a station, anew where it was before, and gives it a token. */
  readonly register: (stationId: string, hub?: typeof firstHub) => Promise<TestStation>;
};

export function makeTestCloud(database: Database, config: Partial<CloudConfigInput> = {}): TestCloud {
  const parsed = parseCloudConfig({ adminToken, port: 0, longPollMs: 500, passwordCost: 4, ...config });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
  const deps: CloudDeps = {
    database,
    config: parsed.value,
    stopping: new AbortController().signal,
    requestBackup: () => undefined,
    takeBackup: async () => null,
    lastBackupAtMs: () => null,
    checkUpload: checkHere.check,
    logLine: (entry) => {
      if (entry.level === "error") console.error(entry);
    },
    metrics: createMetrics(),
  };
  const register: TestCloud["register"] = (stationId, hub = firstHub) =>
    enrolTestStation(deps, stationId, hub);
  return { deps, database, app: createApp(deps), register };
}

export async function openDatabase(config: DatabaseConfig): Promise<Database> {
  const template = config.kind === "temporary" ? await migratedTemplate() : null;
  const database = await connectDatabase(template === null ? config : { kind: "temporary", template });
  if (!database.ok) throw new Error(JSON.stringify(database.failure));
  return database.value;
}

/** Runs a suite on the embedded database and, where its programs exist, on PostgreSQL. One database per file. */
export function describeOnEachDatabase(
  name: string,
  suite: (cloud: () => TestCloud, kind: "embedded" | "postgres") => void,
): void {
  describe(`${name} on the embedded database`, () => {
    let database: Database | null = null;
    beforeAll(async () => {
      database = await openDatabase({ kind: "temporary" });
    }, 120_000);
    afterAll(() => database?.close());
    suite(() => makeTestCloud(present(database)), "embedded");
  });

  describe.skipIf(postgresMissing !== null)(
    `${name} on PostgreSQL${postgresMissing === null ? "" : ` (${postgresMissing})`}`,
    () => {
      let server: PostgresServer | null = null;
      let database: Database | null = null;
      beforeAll(async () => {
        server = await startPostgres();
        database = await openDatabase({ kind: "postgres", url: server.url });
      }, 120_000);
      afterAll(async () => {
        await database?.close();
        await server?.stop();
      });
      suite(() => makeTestCloud(present(database)), "postgres");
    },
  );
}

export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("expected a value");
  return value;
}
