import type { CloudDeps } from "../../http/cloud-env.ts";
import { backupAge, readFreeBytes } from "./check-readiness.ts";
import { type FleetState, readFleet } from "./queries.ts";

/** Several scrapers share one look at the database. */
const freshMs = 5000;

type Snapshot = { readonly fleet: FleetState | null; readonly diskFreeBytes: number | null };

/** Registers what is read on demand and returns the whole text for /metrics. */
export function collectMeasurements(deps: CloudDeps): () => Promise<string> {
  let snapshot: Snapshot = { fleet: null, diskFreeBytes: null };
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  const { metrics } = deps;
  const factsOf = (name: "factsNotDurable" | "factsToCome" | "alarms"): number | null =>
    snapshot.fleet?.[name] ?? null;

  const labelled = (label: string, values: Readonly<Record<string, number>> | undefined) => ({
    label,
    values: values ?? {},
  });
  metrics.observe("stations", "Stations by state.", () => labelled("state", snapshot.fleet?.states));
  metrics.observe("stations_seen", "Enrolled stations by how long ago they were last heard of.", () =>
    labelled("within", snapshot.fleet?.seen),
  );
  const single = (name: string, help: string, read: () => number | null) => metrics.observe(name, help, read);
  single("facts_not_durable", "Facts taken and not on synced storage yet.", () => factsOf("factsNotDurable"));
  single("facts_to_come", "Facts that stations say they still have.", () => factsOf("factsToCome"));
  single("fact_alarms", "Logs that contradicted themselves.", () => factsOf("alarms"));
  single("backup_age_seconds", "Since the last backup of the embedded database.", () => backupAge(deps));
  single("disk_free_bytes", "Free where the embedded database lies.", () => snapshot.diskFreeBytes);
  metrics.observe("database_connections", "Connections to PostgreSQL.", () =>
    labelled("state", deps.database.poolState() ?? {}),
  );

  const read = async (): Promise<void> => {
    const diskFreeBytes = await readFreeBytes(deps);
    // Without a database there is still something to measure, and the missing values say the rest.
    const fleet = await readFleet(deps.database.kysely).catch(() => null);
    snapshot = { fleet, diskFreeBytes };
    readAtMs = performance.now();
  };

  return async () => {
    if (performance.now() - readAtMs > freshMs) {
      reading ??= read().finally(() => {
        reading = null;
      });
      await reading;
    }
    return metrics.render();
  };
}
