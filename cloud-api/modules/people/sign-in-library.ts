import { hkdfSync } from "node:crypto";
import type { CloudConfig } from "../../config/cloud-config.ts";
import type { Database } from "../../db/connect.ts";
import type { CloudDeps } from "../../http/cloud-env.ts";
import { hashPassword, isPassword, longestPassword } from "./password.ts";
import { spendCode } from "./spend-code.ts";

/** A working day and a bit; nothing prolongs it. */
export const sessionSeconds = 12 * 3600;
export const cookiePrefix = "waystation";

/** The paths of the library that end with the second factor shown. */
const factorPaths: ReadonlySet<string> = new Set([
  "/two-factor/verify-totp",
  "/two-factor/verify-backup-code",
]);

const opened = new WeakMap<CloudDeps, Promise<SignInLibrary>>();

/** Loaded when the first person comes: it takes half a second and tens of MB that a cloud of stations only never needs. */
export function openSignIn(deps: CloudDeps): Promise<SignInLibrary> {
  const known = opened.get(deps);
  if (known !== undefined) return known;
  const library = createSignIn(deps.database, deps.config);
  opened.set(deps, library);
  return library;
}

export type SignInLibrary = Awaited<ReturnType<typeof createSignIn>>;

/**
 * Sessions, TOTP and backup codes. Only single functions of it are called; its router is not mounted, so nothing it
 * could also do is reachable.
 */
async function createSignIn({ kysely }: Database, config: CloudConfig) {
  const [{ APIError, betterAuth }, { twoFactor }] = await loadLibrary();
  return betterAuth({
    appName: "Waystation",
    baseURL: config.publicUrl ?? "http://localhost",
    secret: signingSecret(config),
    database: { db: kysely, type: "postgres", transaction: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    rateLimit: { enabled: false },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      maxPasswordLength: longestPassword,
      password: {
        hash: (password) => hashPassword(password, config.passwordCost),
        verify: ({ hash, password }) => isPassword(hash, password, config.passwordCost),
      },
    },
    advanced: {
      cookiePrefix,
      useSecureCookies: isSecure(config),
      defaultCookieAttributes: { sameSite: "strict", httpOnly: true, path: "/" },
      ipAddress: { disableIpTracking: true },
      disableCSRFCheck: true,
    },
    ...tables,
    session: {
      ...tables.session,
      expiresIn: sessionSeconds,
      disableSessionRefresh: true,
      additionalFields: {
        secondFactorAt: { type: "date", required: false, input: false, fieldName: "second_factor_at" },
      },
    },
    databaseHooks: {
      session: {
        create: {
          before: async (session, context) => {
            const path = context?.path ?? "";
            if (!factorPaths.has(path)) return { data: { ...session, secondFactorAt: null } };
            if (!(await spendCode(kysely, session.userId, String(context?.body?.code))))
              throw new APIError("UNAUTHORIZED");
            return { data: { ...session, secondFactorAt: new Date() } };
          },
        },
      },
    },
    plugins: [
      twoFactor({
        issuer: "Waystation",
        schema: {
          user: { fields: { twoFactorEnabled: "two_factor_enabled" } },
          twoFactor: { modelName: "people_second_factors", fields: secondFactorFields },
        },
      }),
    ],
  });
}

const loadLibrary = () => Promise.all([import("better-auth"), import("better-auth/plugins/two-factor")]);

export const isSecure = ({ publicUrl }: CloudConfig): boolean => publicUrl?.startsWith("https:") ?? false;

/** Of its own where one is set; otherwise it changes with the admin token, and everybody signs in anew. */
function signingSecret({ authSecret, adminToken }: CloudConfig): string {
  const secret = (authSecret ?? adminToken).reveal();
  return Buffer.from(hkdfSync("sha256", secret, "", "waystation people's sessions", 32)).toString(
    "base64url",
  );
}

const times = { createdAt: "created_at", updatedAt: "updated_at" };
const secondFactorFields = {
  userId: "person_id",
  backupCodes: "backup_codes",
  failedVerificationCount: "failed_verification_count",
  lockedUntil: "locked_until",
};

const tables = {
  user: {
    modelName: "people",
    fields: { ...times, emailVerified: "email_verified" },
    // It compares its fields with the table's and would refuse one that it never writes.
    additionalFields: {
      tenantId: { type: "string", required: true, input: false, returned: false, fieldName: "tenant_id" },
    },
  },
  session: {
    modelName: "people_sessions",
    fields: {
      ...times,
      userId: "person_id",
      expiresAt: "expires_at",
      ipAddress: "ip_address",
      userAgent: "user_agent",
    },
  },
  account: {
    modelName: "people_accounts",
    fields: {
      ...times,
      userId: "person_id",
      accountId: "account_id",
      providerId: "provider_id",
      accessToken: "access_token",
      refreshToken: "refresh_token",
      idToken: "id_token",
      accessTokenExpiresAt: "access_token_expires_at",
      refreshTokenExpiresAt: "refresh_token_expires_at",
    },
  },
  verification: { modelName: "people_verifications", fields: { ...times, expiresAt: "expires_at" } },
} as const;
