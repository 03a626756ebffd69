import type { Kysely } from "kysely";
import {
  type StationReport,
  type StationReportReply,
  supportedWireVersions,
} from "@waystation/shared/wire/cloud-http";
import type { CloudTables } from "../../db/tables.ts";

/** Keeps what a station last said of itself. How far its clock is off is judged by ours. */
export async function saveReport(
  kysely: Kysely<CloudTables>,
  stationId: string,
  report: StationReport,
): Promise<StationReportReply> {
  const serverTimeMs = Date.now();
  const row = {
    reported_at: new Date(serverTimeMs),
    app_version: report.appVersion,
    wire_version: report.wireVersion,
    clock_offset_ms: report.clockMs - serverTimeMs,
    body: JSON.stringify(report),
  };
  await kysely
    .insertInto("station_reports")
    .values({ station_id: stationId, ...row })
    .onConflict((conflict) => conflict.column("station_id").doUpdateSet(row))
    .execute();
  return { serverTimeMs, wireVersions: [...supportedWireVersions] };
}
