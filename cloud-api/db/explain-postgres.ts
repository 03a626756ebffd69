import { fail } from "@waystation/shared/failures/result";

/** SQLSTATE and system codes that mean a wrong setting rather than a passing trouble; PostgreSQL manual, appendix A. */
const sentences: Readonly<Record<string, (at: Target) => string>> = {
  "28P01": ({ user, place }) => `the server at ${place} refuses the password of user ${user}: correct it`,
  "28000": ({ user, place }) =>
    `the server at ${place} does not let user ${user} in: allow it in pg_hba.conf or name another user`,
  "3D000": ({ database, place }) =>
    `there is no database ${database} at ${place}: create it (createdb ${database}) or name another`,
  "42501": ({ user, database }) =>
    `user ${user} may not create tables in ${database}: make it the owner, or GRANT CREATE ON SCHEMA public`,
  "57P03": ({ place }) => `the server at ${place} is still starting: wait a moment`,
  "53300": ({ place }) => `the server at ${place} has no connection left: raise max_connections`,
  ECONNREFUSED: ({ place }) => `nothing answers at ${place}: start PostgreSQL there or correct the address`,
  ENOENT: ({ place }) => `there is no socket at ${place}: start PostgreSQL there or correct the address`,
  ENOTFOUND: ({ place }) => `the name in ${place} is not known: correct the address`,
  EAI_AGAIN: ({ place }) => `the name in ${place} is not known at the moment: correct the address or wait`,
  ETIMEDOUT: ({ place }) => `the server at ${place} does not answer: check address and firewall`,
  EHOSTUNREACH: ({ place }) => `there is no way to ${place}: check address and network`,
};

type Target = { readonly user: string; readonly database: string; readonly place: string };

/** Why PostgreSQL cannot be used, in one sentence that names DATABASE_URL and never its password. */
export function explainPostgres(error: unknown, url: string) {
  const sentence = sentences[findCode(error)];
  if (sentence !== undefined)
    return fail("config.invalid", { reason: `DATABASE_URL: ${sentence(readTarget(url))}` }, error);
  return fail("database.unreachable", {}, error);
}

export const tooOld = (version: string) =>
  fail("config.invalid", {
    reason: `DATABASE_URL: the server is PostgreSQL ${version}: version 15 or newer is needed`,
  });

/** Consignees' names are in every script there is; another encoding refuses them, or keeps bytes nobody can read. */
export const otherEncoding = (encoding: string, url: string) => {
  const { database } = readTarget(url);
  const reason = `DATABASE_URL: the database ${database} keeps text as ${encoding}, UTF8 is needed: create one with createdb --encoding UTF8 --template template0 and name it`;
  return fail("config.invalid", { reason });
};

/** Several addresses of one name fail together; migrations wrap what happened. */
function findCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string" && error.code in sentences) return error.code;
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [error.cause];
  if (first !== undefined) return findCode(first);
  return /timeout|timed out/i.test(error.message) ? "ETIMEDOUT" : "";
}

function readTarget(text: string): Target {
  try {
    const url = new URL(text);
    const socket = url.searchParams.get("host");
    return {
      user: decodeURIComponent(url.username) || "(none)",
      database: decodeURIComponent(url.pathname.slice(1)) || "(none)",
      place: socket ?? `${url.hostname || "localhost"}:${url.port || "5432"}`,
    };
  } catch {
    return { user: "(unreadable)", database: "(unreadable)", place: "an unreadable address" };
  }
}
