import { z } from "zod";
import { permissions, roleSchema } from "@waystation/shared/model/access";
import type { ApiRoute } from "../../http/api-route.ts";
import type { SecondFactorSetUp, SessionInfo, SignInStep } from "../overview/console-contract.ts";
import { acceptSchema, type Invitation, inviteSchema, rolesSchema } from "./invitation.ts";
import type { PersonView } from "./list-people.ts";
import { changePasswordSchema, type SessionView } from "./sessions.ts";
import { passwordOnlySchema, secondFactorSchema, signInSchema } from "./sign-in.ts";

const stepSchema: z.ZodType<SignInStep> = z.object({
  next: z.enum(["second-factor", "set-up-second-factor"]),
});
const setUpSchema: z.ZodType<SecondFactorSetUp> = z.object({
  totpUri: z.string(),
  backupCodes: z.array(z.string()),
});
const invitationSchema: z.ZodType<Invitation> = z.object({
  personId: z.string(),
  code: z.string(),
  expiresAt: z.string(),
});
const sessionInfoSchema: z.ZodType<SessionInfo> = z.object({
  personId: z.string(),
  name: z.string(),
  tenantId: z.string(),
  secondFactor: z.boolean(),
  roles: z.array(z.object({ role: roleSchema, hubId: z.string().nullable() })),
  permissions: z.array(z.enum(permissions)),
});
const sessionSchema: z.ZodType<SessionView> = z.object({
  sessionId: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  userAgent: z.string().nullable(),
  current: z.boolean(),
});
const personSchema: z.ZodType<PersonView> = z.object({
  personId: z.string(),
  name: z.string(),
  email: z.string(),
  state: z.enum(["invited", "active", "disabled"]),
  secondFactor: z.boolean(),
  roles: z.array(z.object({ role: roleSchema, hubId: z.string().nullable() })),
  createdAt: z.string(),
});
const page = <T>(item: z.ZodType<T>) => z.object({ items: z.array(item), next: z.string().nullable() });
const done = (word: string) => z.object({ [word]: z.literal(true) });

const entrance: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/auth/sign-in",
    summary: "E-mail and password; the answer says which step comes next.",
    caller: "anyone",
    bodies: [{ schema: signInSchema, example: { email: "admin@example.com", password: "a long sentence" } }],
    reply: { schema: stepSchema },
    failures: ["request.invalid", "access.sign-in-refused", "access.origin", "request.too-many"],
  },
  {
    method: "post",
    path: "/v1/auth/second-factor",
    summary: "Six digits of the authenticator, or a backup code; then the session counts.",
    caller: "anyone",
    bodies: [{ schema: secondFactorSchema, example: { code: "123456" } }],
    reply: { schema: done("signedIn") },
    failures: ["request.invalid", "access.sign-in-refused", "access.origin", "request.too-many"],
  },
  {
    method: "post",
    path: "/v1/auth/invitations",
    summary: "Whoever was invited sets a password.",
    caller: "anyone",
    bodies: [{ schema: acceptSchema }],
    reply: { schema: z.object({ email: z.string() }) },
    failures: ["request.invalid", "invitation.refused", "password.weak", "access.origin", "request.too-many"],
  },
];

const own: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/v1/auth/session",
    summary: "Who is signed in, and what may be shown to them.",
    caller: "person",
    reply: { schema: sessionInfoSchema },
  },
  {
    method: "post",
    path: "/v1/auth/sign-out",
    summary: "Ends this session.",
    caller: "person",
    reply: { schema: done("signedOut") },
  },
  {
    method: "post",
    path: "/v1/auth/second-factor/set-up",
    summary: "A new secret for the authenticator, and backup codes.",
    caller: "person",
    bodies: [{ schema: passwordOnlySchema }],
    reply: { schema: setUpSchema },
    failures: ["request.invalid", "access.sign-in-refused"],
  },
  {
    method: "post",
    path: "/v1/auth/second-factor/backup-codes",
    summary: "New backup codes; the old ones end.",
    caller: "person",
    bodies: [{ schema: passwordOnlySchema }],
    reply: { schema: z.object({ backupCodes: z.array(z.string()) }) },
    failures: ["request.invalid", "access.sign-in-refused"],
  },
  {
    method: "post",
    path: "/v1/auth/password",
    summary: "Changes one's password; other sessions end.",
    caller: "person",
    bodies: [{ schema: changePasswordSchema }],
    reply: { schema: done("changed") },
    failures: ["request.invalid", "password.weak", "access.sign-in-refused"],
  },
  {
    method: "get",
    path: "/v1/auth/sessions",
    summary: "One's own sessions.",
    caller: "person",
    reply: { schema: z.object({ items: z.array(sessionSchema) }) },
  },
  {
    method: "post",
    path: "/v1/auth/sessions/:sessionId/end",
    summary: "Ends one of one's own sessions.",
    caller: "person",
    reply: { schema: z.object({ sessionId: z.string() }) },
    failures: ["resource.unknown"],
  },
];

const administration: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/people",
    summary: "Invites a person; the code is in the answer and nowhere else.",
    caller: "people.manage",
    bodies: [
      {
        schema: inviteSchema,
        example: {
          email: "admin@example.com",
          name: "Administrator",
          roles: [{ role: "supervisor", hubId: "main" }],
        },
      },
    ],
    reply: { status: 201, schema: invitationSchema },
    failures: ["request.invalid", "email.taken"],
  },
  {
    method: "get",
    path: "/v1/people",
    summary: "People within reach.",
    caller: "people.manage",
    query: { after: { says: "the `next` of the page before" } },
    reply: { schema: page(personSchema) },
  },
  {
    method: "post",
    path: "/v1/people/:personId/invitations",
    summary: "For a lost password or authenticator: sessions end, both are set anew.",
    caller: "people.manage",
    reply: { status: 201, schema: invitationSchema },
    failures: ["resource.unknown"],
  },
  {
    method: "put",
    path: "/v1/people/:personId/roles",
    summary: "The roles a person has within reach of whoever asks.",
    caller: "people.manage",
    bodies: [{ schema: z.strictObject({ roles: rolesSchema }) }],
    reply: { schema: z.object({ personId: z.string(), roles: rolesSchema }) },
    failures: ["request.invalid", "resource.unknown"],
  },
  ...(["disable", "enable"] as const).map(
    (word): ApiRoute => ({
      method: "post",
      path: `/v1/people/:personId/${word}`,
      summary: word === "disable" ? "Shuts a person out at once." : "Lets a person in again.",
      caller: "people.manage",
      reply: { schema: z.object({ personId: z.string(), disabled: z.boolean() }) },
      failures: ["resource.unknown"],
    }),
  ),
];

export const peopleApi: readonly ApiRoute[] = [...entrance, ...own, ...administration];
