import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** What a token begins with says whose it is; the rest is 256 bits from the system. */
export const tokenPrefixes = { station: "wst_", customer: "wsk_", invitation: "wsi_" } as const;

/** Too many to guess, so a plain hash is enough at rest. */
export const mintToken = (kind: keyof typeof tokenPrefixes): string =>
  `${tokenPrefixes[kind]}${randomBytes(32).toString("base64url")}`;

export const hashToken = (token: string): string => createHash("sha256").update(token, "utf8").digest("hex");

/** Compares digests, so that neither content nor length shows in the time taken. */
export function isSameToken(offered: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(hashToken(offered), "hex"), Buffer.from(hashToken(expected), "hex"));
}

/** `Authorization: Bearer <token>`; null for anything else. */
export function readBearer(header: string | undefined): string | null {
  const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header ?? "");
  return match?.[1] ?? null;
}
