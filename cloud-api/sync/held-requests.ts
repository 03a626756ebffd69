import { sql } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Database } from "../db/connect.ts";

/** Requests under way, all together and by station, and the end of those whose station may no longer ask. */
export type HeldRequests = {
  /** Fails with cloud.busy. `signal` is aborted when the station is revoked. */
  readonly enter: (stationId: string) => Result<HeldRequest>;
  readonly stop: () => void;
};

export type HeldRequest = { readonly signal: AbortSignal; readonly leave: () => void };

export type HeldLimits = { readonly all: number; readonly perStation: number };

type Station = { readonly revoked: AbortController; count: number };

export function holdRequests(
  database: Database,
  limits: HeldLimits,
  onError: (error: unknown) => void,
): HeldRequests {
  const stations = new Map<string, Station>();
  let all = 0;
  let looking = false;
  let lookAgain = false;

  const unsubscribe = database.changes.subscribe((table) => {
    if (table === "stations" || table === "*") void look();
  });

  /** Notices come often, since stations report; one look serves all that came before it began. */
  async function look(): Promise<void> {
    lookAgain = true;
    if (looking) return;
    looking = true;
    try {
      while (lookAgain && stations.size > 0) {
        lookAgain = false;
        await endRevoked([...stations.keys()]);
      }
    } catch (error) {
      onError(error);
    } finally {
      looking = false;
    }
  }

  async function endRevoked(held: readonly string[]): Promise<void> {
    const { rows } = await sql<{ station_id: string }>`select station_id from stations
      where revoked_at is null and station_id in (${sql.join(held)})`.execute(database.kysely);
    const allowed = new Set(rows.map((row) => row.station_id));
    for (const stationId of held) if (!allowed.has(stationId)) stations.get(stationId)?.revoked.abort();
  }

  function enter(stationId: string): Result<HeldRequest> {
    const station = stations.get(stationId) ?? { revoked: new AbortController(), count: 0 };
    if (all >= limits.all) return fail("cloud.busy", { limit: limits.all });
    if (station.count >= limits.perStation) return fail("cloud.busy", { limit: limits.perStation });
    stations.set(stationId, station);
    station.count += 1;
    all += 1;
    const leave = (): void => {
      station.count -= 1;
      all -= 1;
      if (station.count === 0) stations.delete(stationId);
    };
    return succeed({ signal: station.revoked.signal, leave });
  }

  return { enter, stop: unsubscribe };
}
