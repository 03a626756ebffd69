import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { chmod, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { z } from "zod";

/**
 * A station's key and what it is enrolled as. A key is made and kept before its code is spent, so that a lost
 * reply can be asked for again; the former key stays in use until then.
 */
const pairSchema = z.strictObject({
  /** Ed25519, raw 32 bytes in base64url. */
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  privateKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
const enrolmentSchema = z.strictObject({
  stationId: z.string().min(1).max(64),
  name: z.string().max(200),
  tenantId: z.string().min(1).max(64),
  hubId: z.string().min(1).max(64),
  cloudUrl: z.url(),
});
const keyFileSchema = z.strictObject({
  version: z.literal(1),
  enrolled: z.strictObject({ ...pairSchema.shape, ...enrolmentSchema.shape }).nullable(),
  pending: pairSchema.nullable(),
});
export type KeyPair = z.infer<typeof pairSchema>;
export type Enrolment = z.infer<typeof enrolmentSchema>;
export type KeyFile = z.infer<typeof keyFileSchema>;

/** In the station's data folder. */
export const keyFileName = "station-key.json";

/** Where keys are kept: a file here, the system's keychain where there is one. */
export type KeyStore = {
  readonly place: string;
  /** Null: there is none yet. Fails with station.key-unusable. */
  readonly load: () => Promise<Result<KeyFile | null>>;
  /** Durable when it resolves. Fails with station.key-unusable; then the former keys are still there. */
  readonly save: (keys: KeyFile) => Promise<Result<null>>;
};

export function makeKeyPair(): KeyPair {
  const { x = "", d = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { publicKey: x, privateKey: d };
}

/** Signs with Ed25519; the signature in base64url. */
export function prepareSigning({ publicKey, privateKey }: KeyPair): (text: string) => string {
  const key: KeyObject = createPrivateKey({
    key: { kty: "OKP", crv: "Ed25519", x: publicKey, d: privateKey },
    format: "jwk",
  });
  return (text) => sign(null, Buffer.from(text, "utf8"), key).toString("base64url");
}

/** What two people compare by eye: SHA-256 of the public key, the first 16 hex digits in groups. */
export const fingerprintOf = (publicKey: string): string =>
  (createHash("sha256").update(Buffer.from(publicKey, "base64url")).digest("hex").match(/.{4}/g) ?? [])
    .slice(0, 4)
    .join("-");

/** A file that only its owner can read; it is replaced whole or not at all. */
export function openKeyFile(path: string): KeyStore {
  return { place: path, load: () => loadKeyFile(path), save: (keys) => saveKeyFile(path, keys) };
}

async function loadKeyFile(path: string): Promise<Result<KeyFile | null>> {
  let text: string;
  try {
    const { mode } = await stat(path);
    // Windows has no such bits; there the folder's own rights count.
    if (process.platform !== "win32" && (mode & 0o077) !== 0)
      return unusable(path, "others can read it; allow only its owner to (chmod 600) and enrol again");
    text = await readFile(path, "utf8");
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    return isAbsent ? succeed(null) : unusable(path, "it cannot be read", error);
  }
  // What is wrong with it is not quoted: a part of the key may be in it.
  const parsed = keyFileSchema.safeParse(parseJson(text));
  return parsed.success ? succeed(parsed.data) : unusable(path, "it is not a key file of this version");
}

async function saveKeyFile(path: string, keys: KeyFile): Promise<Result<null>> {
  const fresh = `${path}.new`;
  try {
    await rm(fresh, { force: true });
    const file = await open(fresh, "wx", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(keys, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(fresh, 0o600);
    await rename(fresh, path);
    await syncFolder(dirname(path));
    return succeed(null);
  } catch (error) {
    return unusable(path, "it cannot be written", error);
  }
}

/** Without this a power cut may bring the old name back. Windows cannot open a folder and does not need to. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unusable = (path: string, reason: string, cause?: unknown) =>
  fail("station.key-unusable", { path, reason }, cause);
