import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  challengeReplySchema,
  type EnrolRequest,
  enrolReplySchema,
  tokenReplySchema,
  tokenText,
} from "@waystation/shared/wire/cloud-http";
import { z } from "zod";

type Call = (path: string, body: unknown, headers?: Record<string, string>) => Promise<unknown>;

export type EnrolledStation = {
  readonly stationId: string;
  readonly token: string;
  readonly headers: { readonly authorization: string };
  /** With a token of now: one lives for a quarter of an hour. */
  readonly renewHeaders: () => Promise<{ readonly authorization: string }>;
};

/** A station without a station: enrols over HTTP with a key of its own and gets a token, as the real one does. */
export async function enrolOverHttp(
  url: string,
  adminToken: string,
  stationId: string,
): Promise<EnrolledStation> {
  const call: Call = async (path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    const reply: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${JSON.stringify(reply)}`);
    return reply;
  };
  const prepared = await call("/v1/stations", { stationId }, { authorization: `Bearer ${adminToken}` });
  const { code } = z.object({ code: z.string() }).parse(prepared);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const request: EnrolRequest = { code, publicKey: exportRaw(publicKey), appVersion: "test" };
  enrolReplySchema.parse(await call("/v1/enrolments", request));
  const base = `/v1/stations/${stationId}`;
  async function askToken(): Promise<string> {
    const { nonce } = challengeReplySchema.parse(await call(`${base}/challenges`, {}));
    const signature = sign(null, Buffer.from(tokenText(stationId, nonce)), privateKey).toString("base64url");
    return tokenReplySchema.parse(await call(`${base}/tokens`, { nonce, signature })).token;
  }
  const authorize = (token: string) => ({ authorization: `Bearer ${token}` });
  const token = await askToken();
  const renewHeaders = async () => authorize(await askToken());
  return { stationId, token, headers: authorize(token), renewHeaders };
}

function exportRaw(key: KeyObject): string {
  const { x } = key.export({ format: "jwk" });
  if (x === undefined) throw new Error("no public key");
  return x;
}
