import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Result } from "@waystation/shared/failures/result";
import { tokenText } from "@waystation/shared/wire/cloud-http";
import type { CloudDeps } from "../http/cloud-env.ts";
import { createChallenges } from "../modules/stations/challenge.ts";
import { enrolStation } from "../modules/stations/enrol-station.ts";
import { issueToken } from "../modules/stations/issue-token.ts";
import { prepareStation } from "../modules/stations/prepare-station.ts";

export type TestStation = {
  readonly stationId: string;
  readonly token: string;
  readonly headers: { readonly authorization: string };
  readonly privateKey: KeyObject;
};

/** Ed25519; the public half as a station sends it. */
export function makeStationKey(): { readonly privateKey: KeyObject; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicKey: String(publicKey.export({ format: "jwk" }).x) };
}

export const signNonce = (key: KeyObject, stationId: string, nonce: string): string =>
  sign(null, Buffer.from(tokenText(stationId, nonce)), key).toString("base64url");

/** The whole way of a station into the cloud, without HTTP. */
export async function enrolTestStation(
  deps: CloudDeps,
  stationId: string,
  hub: { readonly tenantId: string; readonly hubId: string },
): Promise<TestStation> {
  const { kysely } = deps.database;
  const scope = { tenantId: hub.tenantId, hubIds: "all" as const, customerId: null };
  const actor = { tenantId: hub.tenantId, name: "test", requestId: null };
  const input = { stationId, hubId: hub.hubId };
  const { code } = demand(await prepareStation({ kysely, codeMs: 60_000 }, scope, actor, input));
  const { privateKey, publicKey } = makeStationKey();
  demand(await enrolStation(kysely, { code, publicKey, appVersion: "1.0.0" }, null));
  const challenges = createChallenges(deps.config);
  const { nonce } = challenges.give(stationId);
  const signature = signNonce(privateKey, stationId, nonce);
  const { token } = demand(await issueToken(kysely, challenges, stationId, { nonce, signature }));
  return { stationId, token, headers: { authorization: `Bearer ${token}` }, privateKey };
}

export function demand<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}
