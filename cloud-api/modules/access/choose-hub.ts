import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import type { Scope } from "./principal.ts";

/**
 * The hub a request is about: the one it names, or the only one there is for whoever asks. Fails with
 * access.forbidden for a hub outside the scope, and with request.invalid when one has to be named.
 */
export async function chooseHub(
  kysely: Kysely<CloudTables>,
  { tenantId, hubIds }: Scope,
  named: string | undefined,
): Promise<Result<string>> {
  const known = await kysely
    .selectFrom("hubs")
    .select("hub_id")
    .where("tenant_id", "=", tenantId)
    .orderBy("hub_id")
    .limit(1000)
    .execute();
  const reachable = known
    .map((row) => row.hub_id)
    .filter((hubId) => hubIds === "all" || hubIds.includes(hubId));
  if (named !== undefined) return reachable.includes(named) ? succeed(named) : fail("access.forbidden");
  const [only, another] = reachable;
  if (only === undefined) return fail("access.forbidden");
  return another === undefined
    ? succeed(only)
    : fail("request.invalid", { reason: `hub is needed: ${reachable.slice(0, 20).join(", ")}` });
}
