import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import { inScope } from "../access/in-scope.ts";
import type { Scope } from "../access/principal.ts";
import { endUnusedCodes } from "./prepare-station.ts";

/**
 * Shuts a station out at once: its tokens and codes are gone with this transaction, and the notice of it ends the
 * requests it holds. `isRevoked` false lets the same key in again. Fails with resource.unknown, also outside the scope.
 */
export function setRevoked(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  stationId: string,
  isRevoked: boolean,
): Promise<Result<{ stationId: string; revoked: boolean }>> {
  return kysely.transaction().execute(async (tx) => {
    const changed = await tx
      .updateTable("stations")
      .set({ revoked_at: isRevoked ? new Date() : null })
      .where("station_id", "=", stationId)
      .where(inScope(scope, "stations").$castTo<boolean>())
      .returning("station_id")
      .executeTakeFirst();
    if (changed === undefined) return fail("resource.unknown", { path: `stations/${stationId}` });
    await tx.deleteFrom("station_tokens").where("station_id", "=", stationId).execute();
    await endUnusedCodes(tx, stationId);
    const action = isRevoked ? "station.revoked" : "station.restored";
    await recordAudit(tx, actor, { action, subject: `station ${stationId}` });
    return succeed({ stationId, revoked: isRevoked });
  });
}
