import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { safePasswordCost } from "../../config/cloud-config.ts";
import type { CloudTables } from "../../db/tables.ts";

export type PasswordDeps = { readonly kysely: Kysely<CloudTables>; readonly passwordCost: number };

const scryptOptions = (cost: number) => ({ N: 2 ** cost, r: 8, p: 5, maxmem: 64_000_000 });
const keyBytes = 32;
const leastLength = 12;
export const longestPassword = 200;

/** `scrypt1$salt$key`; another cost has another first word. */
export async function hashPassword(password: string, cost: number): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, cost);
  return [kindOf(cost), salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** A hash of another cost is nobody's password: a cheap one is refused, and each answer takes as long. */
export async function isPassword(stored: string, password: string, cost: number): Promise<boolean> {
  const [kind, salt = "", key = ""] = stored.split("$");
  const expected = Buffer.from(key, "base64url");
  const derived = await derive(password, Buffer.from(salt, "base64url"), cost);
  return kind === kindOf(cost) && expected.length === keyBytes && timingSafeEqual(expected, derived);
}

const kindOf = (cost: number): string => (cost === safePasswordCost ? "scrypt1" : `scrypt1-${cost}`);

/** The same sign can be typed in several encodings. */
function derive(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, keyBytes, scryptOptions(cost), (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Length is what counts; the rest keeps out what every attacker tries first. Fails with password.weak. */
export function checkPassword(password: string, email: string): Result<null> {
  const plain = password.normalize("NFKC").toLowerCase();
  const account = email.split("@")[0] ?? "";
  const isWeak =
    plain.length < leastLength ||
    new Set(plain).size < 5 ||
    (account.length > 3 && plain.replaceAll(account, "").length < leastLength / 2) ||
    common.some((word) => plain.replaceAll(word, "").length < leastLength / 2);
  return isWeak ? fail("password.weak", { least: leastLength }) : succeed(null);
}

const common = [
  "password",
  "passw0rd",
  "qwertyuiop",
  "qwerty",
  "1234567890",
  "123456",
  "abcdefgh",
  "letmein",
].concat(["welcome", "iloveyou", "administrator", "admin", "waystation", "changeme", "asdfghjkl", "woaini"]);
