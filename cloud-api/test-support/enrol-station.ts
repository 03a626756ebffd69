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

/** A station without a station: enrols over HTTP with a key of its own and gets a token, as the real one does. */
export async function enrolOverHttp(
  url: string,
  adminToken: string,
  stationId: string,
): Promise<{ stationId: string; token: string; headers: { authorization: string } }> {
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
  const { nonce } = challengeReplySchema.parse(await call(`${base}/challenges`, {}));
  const signature = sign(null, Buffer.from(tokenText(stationId, nonce)), privateKey).toString("base64url");
  const { token } = tokenReplySchema.parse(await call(`${base}/tokens`, { nonce, signature }));
  return { stationId, token, headers: { authorization: `Bearer ${token}` } };
}

function exportRaw(key: KeyObject): string {
  const { x } = key.export({ format: "jwk" });
  if (x === undefined) throw new Error("no public key");
  return x;
}
