import type { Kysely } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import type { CloudDeps } from "../../http/cloud-env.ts";
import { recordAudit } from "../access/audit.ts";
import { longestPassword } from "./password.ts";
import { openSignIn } from "./sign-in-library.ts";

export const signInSchema = z.strictObject({
  email: z.email().max(200),
  password: z.string().min(1).max(longestPassword),
});
/** Six digits of the authenticator, or one of the backup codes. */
export const secondFactorSchema = z.union([
  z.strictObject({ code: z.string().regex(/^\d{6}$/) }),
  z.strictObject({ backupCode: z.string().min(6).max(40) }),
]);
export const passwordOnlySchema = z.strictObject({ password: z.string().min(1).max(longestPassword) });

/** What the library answered: its cookies, and nothing of its body, which holds the session's token in the clear. */
export type WithCookies<T> = { readonly value: T; readonly cookies: readonly string[] };

type NextStep = { readonly next: "second-factor" | "set-up-second-factor" };

/** The first step. The session it may open has no permissions. Fails with access.sign-in-refused. */
export async function signIn(
  deps: CloudDeps,
  headers: Headers,
  { email, password }: z.infer<typeof signInSchema>,
): Promise<Result<WithCookies<NextStep>>> {
  const { kysely } = deps.database;
  const library = await openSignIn(deps);
  await kysely.deleteFrom("people_verifications").where("expires_at", "<", new Date()).execute();
  await kysely.deleteFrom("people_sessions").where("expires_at", "<", new Date()).execute();
  const disabled = await kysely
    .selectFrom("people")
    .select("id")
    .where("email", "=", email.toLowerCase())
    .where("disabled_at", "is not", null)
    .executeTakeFirst();
  const response = await library.api.signInEmail({
    // A disabled person's password takes as long as a wrong one.
    body: { email: disabled === undefined ? email : "nobody@invalid.invalid", password },
    headers,
    asResponse: true,
  });
  return readReply(response, (body) => ({
    next: "twoFactorRedirect" in body ? "second-factor" : "set-up-second-factor",
  }));
}

/** The second step, or the first code of a factor being set up. Fails with access.sign-in-refused or request.too-many. */
export async function passSecondFactor(
  deps: CloudDeps,
  headers: Headers,
  input: z.infer<typeof secondFactorSchema>,
  requestId: string | null,
): Promise<Result<WithCookies<{ signedIn: true }>>> {
  const { api } = await openSignIn(deps);
  const current = await api.getSession({ headers });
  // A session from before the factor was set up is no place to try codes from: nothing there would count them.
  if (current?.user.twoFactorEnabled) return fail("access.sign-in-refused");
  const response =
    "code" in input
      ? await api.verifyTOTP({ body: { code: input.code }, headers, asResponse: true })
      : await api.verifyBackupCode({ body: { code: input.backupCode }, headers, asResponse: true });
  const reply = await readReply(response, (body) => passedSchema.parse(body).user.id);
  if (!reply.ok) return reply;
  await noteSignIn(deps.database.kysely, reply.value.value, current !== null, requestId);
  return succeed({ ...reply.value, value: { signedIn: true } });
}

const passedSchema = z.object({ user: z.object({ id: z.string() }) });

/** After a set-up, sessions opened by the password alone end: one of them may be somebody else's. */
async function noteSignIn(
  kysely: Kysely<CloudTables>,
  personId: string,
  isSetUp: boolean,
  requestId: string | null,
): Promise<void> {
  const subject = `person ${personId}`;
  await kysely.transaction().execute(async (tx) => {
    const person = await tx
      .selectFrom("people")
      .select("tenant_id")
      .where("id", "=", personId)
      .executeTakeFirstOrThrow();
    if (isSetUp)
      await tx
        .deleteFrom("people_sessions")
        .where("person_id", "=", personId)
        .where("second_factor_at", "is", null)
        .execute();
    const actor = { tenantId: person.tenant_id, name: subject, requestId };
    await recordAudit(tx, actor, {
      action: isSetUp ? "person.second-factor-set-up" : "person.signed-in",
      subject,
    });
  });
}

const setUpSchema = z.object({ totpURI: z.string(), backupCodes: z.array(z.string()) });
export type SecondFactorSetUp = { readonly totpUri: string; readonly backupCodes: readonly string[] };

/** A new secret for the authenticator, good from its first code on. Refused where a factor is already in use. */
export async function setUpSecondFactor(
  deps: CloudDeps,
  headers: Headers,
  password: string,
): Promise<Result<WithCookies<SecondFactorSetUp>>> {
  const { api } = await openSignIn(deps);
  const response = await api.enableTwoFactor({ body: { password }, headers, asResponse: true });
  return readReply(response, (body) => {
    const { totpURI, backupCodes } = setUpSchema.parse(body);
    return { totpUri: totpURI, backupCodes };
  });
}

/** Ends the codes given before. */
export async function renewBackupCodes(
  deps: CloudDeps,
  headers: Headers,
  password: string,
): Promise<Result<WithCookies<{ backupCodes: readonly string[] }>>> {
  const { api } = await openSignIn(deps);
  const response = await api.generateBackupCodes({ body: { password }, headers, asResponse: true });
  return readReply(response, (body) => ({
    backupCodes: setUpSchema.pick({ backupCodes: true }).parse(body).backupCodes,
  }));
}

export async function signOut(
  deps: CloudDeps,
  headers: Headers,
): Promise<Result<WithCookies<{ signedOut: true }>>> {
  const { api } = await openSignIn(deps);
  return readReply(await api.signOut({ headers, asResponse: true }), () => ({ signedOut: true }));
}

/** Every refusal of the library is one of two of ours: it does not say which half was wrong. */
async function readReply<T>(
  response: Response,
  read: (body: Record<string, unknown>) => T,
): Promise<Result<WithCookies<T>>> {
  if (response.status === 429) return fail("request.too-many", { seconds: 900 });
  if (response.status >= 500) throw new Error(`the sign-in library answered ${response.status}`);
  if (!response.ok) return fail("access.sign-in-refused");
  const body = z.record(z.string(), z.unknown()).parse(await response.json());
  return succeed({ value: read(body), cookies: response.headers.getSetCookie() });
}
