import { randomBytes, randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { roleSchema } from "@waystation/shared/model/access";
import { mintId } from "@waystation/shared/model/id";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import type { Scope } from "../access/principal.ts";
import { hashToken, mintToken } from "../access/tokens.ts";
import { checkPassword, hashPassword, longestPassword, type PasswordDeps } from "./password.ts";
import { lockPerson } from "./person-in-reach.ts";
import { grantRoles } from "./roles.ts";

const invitationMs = 72 * 3_600_000;

const roleGrantSchema = z.strictObject({
  role: roleSchema,
  /** Null: every hub of the tenant. */
  hubId: z.string().min(1).max(64).nullable(),
});
export const rolesSchema = z.array(roleGrantSchema).max(50);
export const inviteSchema = z.strictObject({
  email: z.email().max(200),
  name: z.string().min(1).max(120),
  roles: rolesSchema.min(1),
});
export const acceptSchema = z.strictObject({
  code: z.string().min(16).max(100),
  password: z.string().min(1).max(longestPassword),
});

export type Invitation = { readonly personId: string; readonly code: string; readonly expiresAt: string };

/**
 * Makes a person who may come in by the code in the answer, which is nowhere else. Fails with email.taken, and with
 * access.forbidden for a role outside the scope.
 */
export function invitePerson(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  { email, name, roles }: z.infer<typeof inviteSchema>,
): Promise<Result<Invitation>> {
  const personId = mintId({ nowMs: Date.now, randomBytes });
  return kysely.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("people")
      .values({
        id: personId,
        name,
        email: email.toLowerCase(),
        tenant_id: scope.tenantId,
        two_factor_enabled: false,
      })
      .onConflict((conflict) => conflict.column("email").doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows !== 1n) return fail("email.taken");
    const granted = await grantRoles(tx, scope, personId, roles);
    // What was inserted must go with it.
    if (!granted.ok) return undo(tx, personId, granted);
    const subject = `person ${personId}`;
    await recordAudit(tx, actor, { action: "person.invited", subject, details: { roles } });
    return succeed(await giveInvitation(tx, personId));
  });
}

async function undo<T>(tx: Kysely<CloudTables>, personId: string, refused: T): Promise<T> {
  await tx.deleteFrom("people").where("id", "=", personId).execute();
  return refused;
}

/**
 * A lost password or authenticator: the sessions end now, and with the new code the person sets both anew. Fails with
 * resource.unknown for somebody with a role outside the scope, for whoever holds the code becomes that person.
 */
export function inviteAgain(
  kysely: Kysely<CloudTables>,
  scope: Scope,
  actor: Actor,
  personId: string,
): Promise<Result<Invitation>> {
  return kysely.transaction().execute(async (tx) => {
    const person = await lockPerson(tx, scope, personId);
    if (!person.ok) return person;
    await tx.deleteFrom("people_sessions").where("person_id", "=", personId).execute();
    await recordAudit(tx, actor, { action: "person.invited-again", subject: `person ${personId}` });
    return succeed(await giveInvitation(tx, personId));
  });
}

async function giveInvitation(tx: Kysely<CloudTables>, personId: string): Promise<Invitation> {
  const code = mintToken("invitation");
  const expiresAt = new Date(Date.now() + invitationMs);
  await tx.deleteFrom("people_invitations").where("person_id", "=", personId).execute();
  await tx
    .insertInto("people_invitations")
    .values({ code_hash: hashToken(code), person_id: personId, expires_at: expiresAt })
    .execute();
  return { personId, code, expiresAt: expiresAt.toISOString() };
}

/**
 * Sets the password of whoever was invited; the second factor is to be set up after it, also by those who had one.
 * Fails with invitation.refused or password.weak.
 */
export async function acceptInvitation(
  { kysely, passwordCost }: PasswordDeps,
  { code, password }: z.infer<typeof acceptSchema>,
  requestId: string | null,
): Promise<Result<{ email: string }>> {
  // Not within the transaction: it takes long, and the embedded database has one session.
  const found = await findInvitation(kysely, code);
  if (found === undefined) return fail("invitation.refused");
  const checked = checkPassword(password, found.email);
  if (!checked.ok) return checked;
  const hash = await hashPassword(password, passwordCost);
  return kysely.transaction().execute(async (tx) => {
    const taken = await tx
      .deleteFrom("people_invitations")
      .where("code_hash", "=", hashToken(code))
      .where("expires_at", ">", new Date())
      .returning("person_id")
      .executeTakeFirst();
    if (taken === undefined) return fail("invitation.refused");
    await startAnew(tx, found.person_id, hash);
    const subject = `person ${found.person_id}`;
    const actor = { tenantId: found.tenant_id, name: subject, requestId };
    await recordAudit(tx, actor, { action: "person.joined", subject });
    return succeed({ email: found.email });
  });
}

const findInvitation = (kysely: Kysely<CloudTables>, code: string) =>
  kysely
    .selectFrom("people_invitations as i")
    .innerJoin("people as p", "p.id", "i.person_id")
    .select(["p.email", "p.tenant_id", "i.person_id"])
    .where("i.code_hash", "=", hashToken(code))
    .where("i.expires_at", ">", new Date())
    .where("p.disabled_at", "is", null)
    .executeTakeFirst();

async function startAnew(tx: Kysely<CloudTables>, personId: string, passwordHash: string): Promise<void> {
  await tx.deleteFrom("people_sessions").where("person_id", "=", personId).execute();
  await tx.deleteFrom("people_second_factors").where("person_id", "=", personId).execute();
  await tx.deleteFrom("people_accounts").where("person_id", "=", personId).execute();
  // Challenges under way name the person only in their value.
  await tx.deleteFrom("people_verifications").where("value", "=", personId).execute();
  await sql`update people set two_factor_enabled = false, updated_at = now() where id = ${personId}`.execute(
    tx,
  );
  await tx
    .insertInto("people_accounts")
    .values({
      id: randomUUID(),
      account_id: personId,
      provider_id: "credential",
      person_id: personId,
      password: passwordHash,
    })
    .execute();
}
