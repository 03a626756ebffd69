import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import type { StationPrincipal } from "../access/principal.ts";
import { hashToken } from "../access/tokens.ts";

/**
 * The station a token belongs to. The index is searched by a hash, which tells an attacker's clock nothing, and
 * nothing is remembered between requests: a revoked station is out at once.
 */
export async function findStation(
  kysely: Kysely<CloudTables>,
  token: string,
): Promise<Result<StationPrincipal>> {
  const row = await kysely
    .selectFrom("station_tokens")
    .innerJoin("stations", "stations.station_id", "station_tokens.station_id")
    .select(["stations.station_id", "stations.tenant_id", "stations.hub_id"])
    .where("token_hash", "=", hashToken(token))
    .where("expires_at", ">", new Date())
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  if (row === undefined) return fail("access.unauthenticated");
  return succeed({
    kind: "station",
    stationId: row.station_id,
    tenantId: row.tenant_id,
    hubId: row.hub_id,
  });
}
