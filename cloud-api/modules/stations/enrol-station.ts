import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { EnrolReply, EnrolRequest } from "@waystation/shared/wire/cloud-http";
import type { CloudTables } from "../../db/tables.ts";
import { recordAudit } from "../access/audit.ts";
import { hashToken } from "../access/tokens.ts";
import { normaliseCode } from "./enrolment-code.ts";
import { readStationKey } from "./verify-signature.ts";

/**
 * Spends a one-time code: from now on the station is whoever holds this key, and what an earlier key was given ends.
 * The same code with the same key is answered again while it lives, for the reply may have been lost. Everything
 * else about a code is one failure, enrolment.refused, that does not say which.
 */
export async function enrolStation(
  kysely: Kysely<CloudTables>,
  { code, publicKey }: EnrolRequest,
  requestId: string | null,
): Promise<Result<EnrolReply>> {
  if (readStationKey(publicKey) === null) return fail("request.invalid", { reason: "publicKey is no key" });
  return kysely.transaction().execute(async (tx) => {
    const found = await findCode(tx, hashToken(normaliseCode(code)));
    if (found === undefined || found.expires_at.getTime() <= Date.now()) return fail("enrolment.refused");
    const isRepeated = found.used_at !== null && found.public_key === publicKey && found.revoked_at === null;
    if (found.used_at !== null && !isRepeated) return fail("enrolment.refused");
    if (!isRepeated && !(await takeKey(tx, found, publicKey, requestId))) return fail("enrolment.refused");
    return succeed({
      stationId: found.station_id,
      name: found.name,
      tenantId: found.tenant_id,
      hubId: found.hub_id,
    });
  });
}

/** Holds the station first, as everything that changes one does: two that meet then wait and never block each other. */
const findCode = (tx: Kysely<CloudTables>, codeHash: string) =>
  tx
    .selectFrom("enrolment_codes as c")
    .innerJoin("stations as s", "s.station_id", "c.station_id")
    .select(["c.code_hash", "c.expires_at", "c.used_at", "s.station_id", "s.name", "s.tenant_id", "s.hub_id"])
    .select(["s.public_key", "s.revoked_at"])
    .where("c.code_hash", "=", codeHash)
    .forUpdate("s")
    .executeTakeFirst();

type Found = NonNullable<Awaited<ReturnType<typeof findCode>>>;

/** False for a code that somebody else has used or ended meanwhile. */
async function takeKey(
  tx: Kysely<CloudTables>,
  found: Found,
  publicKey: string,
  requestId: string | null,
): Promise<boolean> {
  const now = new Date();
  const { station_id: stationId, tenant_id: tenantId, code_hash: codeHash } = found;
  const { numUpdatedRows } = await tx
    .updateTable("enrolment_codes")
    .set({ used_at: now })
    .where("code_hash", "=", codeHash)
    .where("used_at", "is", null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) return false;
  await tx
    .updateTable("stations")
    .set({ public_key: publicKey, enrolled_at: now, revoked_at: null })
    .where("station_id", "=", stationId)
    .execute();
  await tx.deleteFrom("station_tokens").where("station_id", "=", stationId).execute();
  const actor = { tenantId, name: `station ${stationId}`, requestId };
  await recordAudit(tx, actor, {
    action: "station.enrolled",
    subject: `station ${stationId}`,
    details: { keyFingerprint: hashToken(publicKey).slice(0, 16) },
  });
  return true;
}
