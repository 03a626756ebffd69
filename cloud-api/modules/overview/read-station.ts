import { type Kysely, sql } from "kysely";
import type { CloudTables } from "../../db/tables.ts";
import { inScope } from "../access/in-scope.ts";
import type { Scope } from "../access/principal.ts";
import type { StationDetail } from "./console-contract.ts";

const maxRows = 100;

/** The logs of one station with how far each is here, and its alarms, newest first. Empty outside the scope. */
export async function readStation(
  db: Kysely<CloudTables>,
  scope: Scope,
  stationId: string,
): Promise<StationDetail> {
  const own = sql`station_id = ${stationId}
    and exists (select 1 from stations s where s.station_id = ${stationId} and ${inScope(scope, "s")})`;
  const { rows: logs } = await sql<StationDetail["logs"][number]>`
    select log_id as "logId", received_through as "receivedThrough", durable_through as "durableThrough",
      updated_at as "updatedAt"
    from acknowledgements where ${own} order by updated_at desc, log_id limit ${maxRows}`.execute(db);
  const { rows: alarms } = await sql<StationDetail["alarms"][number]>`
    select alarm_id as "alarmId", log_id as "logId", sequence, kind, raised_at as "raisedAt"
    from fact_alarms where ${own} order by alarm_id desc limit ${maxRows}`.execute(db);
  return { logs, alarms };
}
