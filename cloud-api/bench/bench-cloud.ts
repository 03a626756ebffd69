import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readMemory, startChild, stopChild } from "@waystation/station-app/bench/child";
import { enrolOverHttp } from "../test-support/enrol-station.ts";
import { postgresMissing, startPostgres } from "../test-support/postgres-server.ts";

export const adminToken = "bench-admin-token-of-this-run";
const server = fileURLToPath(new URL("../server.ts", import.meta.url));

export type BenchCloud = {
  readonly url: string;
  /** Null on the embedded database. */
  readonly databaseUrl: string | null;
  readonly enrol: (stationId: string) => ReturnType<typeof enrolOverHttp>;
  readonly memory: () => ReturnType<typeof readMemory>;
  /** Processor seconds of the cloud's process so far. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

/** The real server in its own process, on a PostgreSQL that syncs, or on the embedded database in a folder. */
export async function startBenchCloud(
  kind: "postgres" | "embedded",
  more: Record<string, string> = {},
): Promise<BenchCloud> {
  const folder = mkdtempSync(join(tmpdir(), "waystation-bench-cloud-"));
  const postgres = kind === "postgres" ? await startDurablePostgres() : null;
  const { child, ready } = await startChild([server], {
    WAYSTATION_CLOUD_PORT: "0",
    WAYSTATION_CLOUD_DATA_DIR: join(folder, "cloud"),
    WAYSTATION_CLOUD_ADMIN_TOKEN: adminToken,
    ...(postgres === null ? {} : { DATABASE_URL: postgres.url }),
    ...more,
  });
  const url = String(ready.url);
  const stop = async (): Promise<void> => {
    await stopChild(child);
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url,
    databaseUrl: postgres?.url ?? null,
    enrol: (stationId) => enrolOverHttp(url, adminToken, stationId),
    memory: () => readMemory(child),
    pid: child.pid ?? 0,
    stop,
  };
}

function startDurablePostgres(): ReturnType<typeof startPostgres> {
  if (postgresMissing !== null) throw new Error(postgresMissing);
  return startPostgres({ durable: true });
}
