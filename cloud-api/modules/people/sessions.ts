import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import type { PersonPrincipal } from "./find-person.ts";
import { checkPassword, hashPassword, isPassword, longestPassword, type PasswordDeps } from "./password.ts";

export const changePasswordSchema = z.strictObject({
  currentPassword: z.string().min(1).max(longestPassword),
  newPassword: z.string().min(1).max(longestPassword),
});

export type SessionView = {
  readonly sessionId: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly userAgent: string | null;
  readonly current: boolean;
};

/** One's own only. */
export async function listSessions(
  kysely: Kysely<CloudTables>,
  { personId, sessionId }: PersonPrincipal,
): Promise<{ readonly items: readonly SessionView[] }> {
  const { rows } = await sql<SessionView>`
    select id as "sessionId", created_at as "createdAt", expires_at as "expiresAt",
      left(user_agent, 200) as "userAgent", id = ${sessionId} as current
    from people_sessions where person_id = ${personId} and expires_at > ${new Date()}::timestamptz
    order by created_at desc limit 100`.execute(kysely);
  return { items: rows };
}

/** Ends one of one's own sessions. Fails with resource.unknown. */
export async function endSession(
  kysely: Kysely<CloudTables>,
  { personId }: PersonPrincipal,
  sessionId: string,
): Promise<Result<{ sessionId: string }>> {
  const ended = await kysely
    .deleteFrom("people_sessions")
    .where("person_id", "=", personId)
    .where("id", "=", sessionId)
    .returning("id")
    .executeTakeFirst();
  return ended === undefined
    ? fail("resource.unknown", { path: `sessions/${sessionId}` })
    : succeed({ sessionId });
}

/** Every other session ends. Fails with access.sign-in-refused or password.weak. */
export async function changePassword(
  { kysely, passwordCost }: PasswordDeps,
  person: PersonPrincipal,
  actor: Actor,
  { currentPassword, newPassword }: z.infer<typeof changePasswordSchema>,
): Promise<Result<{ changed: true }>> {
  const { personId, sessionId } = person;
  const account = await kysely
    .selectFrom("people_accounts as a")
    .innerJoin("people as p", "p.id", "a.person_id")
    .select(["a.id", "a.password", "p.email"])
    .where("a.person_id", "=", personId)
    .where("a.provider_id", "=", "credential")
    .executeTakeFirst();
  if (!account?.password || !(await isPassword(account.password, currentPassword, passwordCost)))
    return fail("access.sign-in-refused");
  const checked = checkPassword(newPassword, account.email);
  if (!checked.ok) return checked;
  const password = await hashPassword(newPassword, passwordCost);
  await kysely.transaction().execute(async (tx) => {
    await tx
      .updateTable("people_accounts")
      .set({ password, updated_at: new Date() })
      .where("id", "=", account.id)
      .execute();
    await tx
      .deleteFrom("people_sessions")
      .where("person_id", "=", personId)
      .where("id", "!=", sessionId)
      .execute();
    await recordAudit(tx, actor, { action: "person.password-changed", subject: `person ${personId}` });
  });
  return succeed({ changed: true });
}
