import { type Kysely, sql } from "kysely";
import { type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import type { Scope } from "../access/principal.ts";
import { lockPerson } from "./person-in-reach.ts";

/** Shuts a person out at once, sessions and invitations included, or lets them in again. Fails with resource.unknown. */
export function setDisabled(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  personId: string,
  isDisabled: boolean,
): Promise<Result<{ personId: string; disabled: boolean }>> {
  return kysely.transaction().execute(async (tx) => {
    const person = await lockPerson(tx, scope, personId);
    if (!person.ok) return person;
    const at = isDisabled ? new Date() : null;
    await sql`update people set disabled_at = ${at}::timestamptz, updated_at = now() where id = ${personId}`.execute(
      tx,
    );
    await tx.deleteFrom("people_sessions").where("person_id", "=", personId).execute();
    await tx.deleteFrom("people_invitations").where("person_id", "=", personId).execute();
    await tx.deleteFrom("people_verifications").where("value", "=", personId).execute();
    const action = isDisabled ? "person.disabled" : "person.enabled";
    await recordAudit(tx, actor, { action, subject: `person ${personId}` });
    return succeed({ personId, disabled: isDisabled });
  });
}
