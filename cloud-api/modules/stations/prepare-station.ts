import type { Kysely } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import { chooseHub } from "../access/choose-hub.ts";
import type { Scope } from "../access/principal.ts";
import { hashToken } from "../access/tokens.ts";
import { mintEnrolmentCode, normaliseCode } from "./enrolment-code.ts";

export const prepareStationSchema = z.strictObject({
  /** Appears in paths and in every fact. */
  stationId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, . _ - only, at most 64"),
  name: z.string().min(1).max(120).optional(),
  hubId: z.string().min(1).max(64).optional(),
});
export type PrepareStation = z.infer<typeof prepareStationSchema>;
export type PreparedStation = {
  readonly stationId: string;
  readonly hubId: string;
  readonly code: string;
  readonly expiresAt: string;
};

type Deps = { readonly kysely: Kysely<CloudTables>; readonly codeMs: number };

/**
 * Makes a station known, or one that is known ready to enrol again, and gives the one-time code for it; codes given
 * before end. A key in use goes on until the new code is. Fails with access.forbidden for a station or hub outside
 * the scope, and with request.invalid where the hub has to be named.
 */
export async function prepareStation(
  { kysely, codeMs }: Deps,
  scope: Scope,
  actor: Actor,
  input: PrepareStation,
): Promise<Result<PreparedStation>> {
  const code = mintEnrolmentCode();
  const expiresAt = new Date(Date.now() + codeMs);
  return kysely.transaction().execute(async (tx) => {
    const hub = await placeStation(tx, scope, input);
    if (!hub.ok) return hub;
    await endUnusedCodes(tx, input.stationId);
    const row = {
      code_hash: hashToken(normaliseCode(code)),
      station_id: input.stationId,
      expires_at: expiresAt,
    };
    await tx.insertInto("enrolment_codes").values(row).execute();
    const subject = `station ${input.stationId}`;
    await recordAudit(tx, actor, { action: "station.prepared", subject, details: { hubId: hub.value } });
    return succeed({
      stationId: input.stationId,
      hubId: hub.value,
      code,
      expiresAt: expiresAt.toISOString(),
    });
  });
}

/** The hub of the station, which is made where there is none of that name. */
async function placeStation(
  tx: Kysely<CloudTables>,
  scope: Scope,
  { stationId, name, hubId }: PrepareStation,
): Promise<Result<string>> {
  const known = await tx
    .selectFrom("stations")
    .select(["tenant_id", "hub_id"])
    .where("station_id", "=", stationId)
    .forUpdate()
    .executeTakeFirst();
  if (known === undefined) {
    const hub = await chooseHub(tx, scope, hubId);
    if (!hub.ok) return hub;
    const row = {
      station_id: stationId,
      name: name ?? stationId,
      tenant_id: scope.tenantId,
      hub_id: hub.value,
    };
    // Two at once for a new name: the second finds nothing inserted and is told to look again.
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("stations")
      .values(row)
      .onConflict((conflict) => conflict.column("station_id").doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n ? hub : fail("name.taken", { name: stationId });
  }
  const isOurs =
    known.tenant_id === scope.tenantId && (scope.hubIds === "all" || scope.hubIds.includes(known.hub_id));
  if (!isOurs || (hubId !== undefined && hubId !== known.hub_id)) return fail("access.forbidden");
  if (name !== undefined)
    await tx.updateTable("stations").set({ name }).where("station_id", "=", stationId).execute();
  return succeed(known.hub_id);
}

/** Only the newest code works; old rows are of no more use. */
export async function endUnusedCodes(tx: Kysely<CloudTables>, stationId: string): Promise<void> {
  await tx.deleteFrom("enrolment_codes").where("station_id", "=", stationId).execute();
}
