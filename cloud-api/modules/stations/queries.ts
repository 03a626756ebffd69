import { type Kysely, sql } from "kysely";
import type { StationReport } from "@waystation/shared/wire/cloud-http";
import type { CloudTables } from "../../db/tables.ts";
import { inScope } from "../access/in-scope.ts";
import type { Scope } from "../access/principal.ts";
import type { HubRow, StationRow } from "./station-view.ts";

type Db = Kysely<CloudTables>;
const pageRows = 100;

type Row = {
  readonly stationId: string;
  readonly name: string;
  readonly hubId: string;
  readonly publicKey: string | null;
  readonly enrolledAt: Date | null;
  readonly revokedAt: Date | null;
  readonly factsReceived: number;
  readonly factsNotDurable: number;
  readonly lastFactsAt: Date | null;
  readonly receivedOfLog: number | null;
  readonly reportedAt: Date | null;
  readonly clockOffsetMs: number | null;
  readonly report: StationReport | null;
};

/** By id; `after` is the last id of the page before. */
export async function listStations(
  db: Db,
  scope: Scope,
  after: string | null,
): Promise<{ readonly items: readonly StationRow[]; readonly next: string | null }> {
  const { rows } = await sql<Row>`
    select s.station_id as "stationId", s.name, s.hub_id as "hubId", s.public_key as "publicKey",
      s.enrolled_at as "enrolledAt", s.revoked_at as "revokedAt", heads.received as "factsReceived",
      heads.waiting as "factsNotDurable", heads.at as "lastFactsAt", current.received_through as "receivedOfLog",
      r.reported_at as "reportedAt", r.clock_offset_ms as "clockOffsetMs", r.body as report
    from stations s
    left join station_reports r using (station_id)
    left join acknowledgements current
      on current.station_id = s.station_id and current.log_id = r.body -> 'log' ->> 'logId'
    cross join lateral (
      select coalesce(sum(received_through), 0)::bigint as received,
        coalesce(sum(received_through - durable_through), 0)::bigint as waiting, max(updated_at) as at
      from acknowledgements a where a.station_id = s.station_id) heads
    where ${inScope(scope, "s")} and s.station_id > ${after ?? ""}
    order by s.station_id limit ${pageRows + 1}`.execute(db);
  const items = rows.slice(0, pageRows).map(viewStation);
  return { items, next: rows.length > pageRows ? (items.at(-1)?.stationId ?? null) : null };
}

function viewStation(row: Row): StationRow {
  const seen = [row.reportedAt, row.lastFactsAt].flatMap((at) => (at === null ? [] : [at.getTime()]));
  return {
    stationId: row.stationId,
    name: row.name,
    hubId: row.hubId,
    state: row.revokedAt !== null ? "revoked" : row.publicKey === null ? "waiting" : "enrolled",
    enrolledAt: row.enrolledAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    lastSeenAt: seen.length === 0 ? null : new Date(Math.max(...seen)).toISOString(),
    factsReceived: row.factsReceived,
    factsNotDurable: row.factsNotDurable,
    backlog: row.report === null ? null : Math.max(0, row.report.log.recorded - (row.receivedOfLog ?? 0)),
    report: viewReport(row),
  };
}

function viewReport({ report, reportedAt, clockOffsetMs }: Row): StationRow["report"] {
  if (report === null || reportedAt === null) return null;
  const { appVersion, wireVersion, bootId, ordersVisible, disk, lanes, devices } = report;
  const said = { appVersion, wireVersion, bootId, ordersVisible, disk, lanes, devices };
  return { ...said, reportedAt: reportedAt.toISOString(), clockOffsetMs: clockOffsetMs ?? 0 };
}

export async function listHubs(db: Db, scope: Scope): Promise<{ readonly items: readonly HubRow[] }> {
  const { rows } = await sql<HubRow>`
    select h.hub_id as "hubId", h.name, (select count(*) from stations s
      where s.tenant_id = h.tenant_id and s.hub_id = h.hub_id)::bigint as stations
    from hubs h where ${inScope(scope, "h")} order by h.hub_id limit 1000`.execute(db);
  return { items: rows };
}
