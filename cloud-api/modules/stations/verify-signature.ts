import { createPublicKey, type KeyObject, verify } from "node:crypto";

/** Ed25519, raw 32 bytes in base64url; null for what is none. */
export function readStationKey(publicKey: string): KeyObject | null {
  try {
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicKey }, format: "jwk" });
  } catch {
    return null;
  }
}

/** There is one algorithm and nobody but us names it. */
export function isSignedBy(key: KeyObject, text: string, signature: string): boolean {
  return verify(null, Buffer.from(text, "utf8"), key, Buffer.from(signature, "base64url"));
}
