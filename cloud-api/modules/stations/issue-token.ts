import { type Kysely, sql } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type TokenReply, type TokenRequest, tokenText } from "@waystation/shared/wire/cloud-http";
import type { CloudTables } from "../../db/tables.ts";
import { hashToken, mintToken } from "../access/tokens.ts";
import type { Challenges } from "./challenge.ts";
import { isSignedBy, readStationKey } from "./verify-signature.ts";

const tokenSeconds = 900;
/** A restart or two within the life of a token. */
const tokensPerStation = 4;

/** Checked where a station is unknown, so that the answer takes as long. */
const nobodysKey = readStationKey(Buffer.alloc(32, 1).toString("base64url"));

/**
 * A short token for a signed number. An unknown station, a revoked one, another's signature, an old number and one
 * that was used before fail alike, with access.unauthenticated.
 */
export async function issueToken(
  kysely: Kysely<CloudTables>,
  challenges: Challenges,
  stationId: string,
  { nonce, signature }: TokenRequest,
): Promise<Result<TokenReply>> {
  const station = await kysely
    .selectFrom("stations")
    .select("public_key")
    .where("station_id", "=", stationId)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  const key = (station?.public_key && readStationKey(station.public_key)) || nobodysKey;
  const isSigned = key !== null && isSignedBy(key, tokenText(stationId, nonce), signature);
  const isFresh = challenges.isFresh(stationId, nonce);
  if (!isSigned || !isFresh || !station?.public_key) return fail("access.unauthenticated");
  const token = mintToken("station");
  const stored = await storeToken(kysely, { stationId, publicKey: station.public_key, nonce, token });
  return stored
    ? succeed({ token, expiresInSeconds: tokenSeconds, serverTimeMs: Date.now() })
    : fail("access.unauthenticated");
}

type NewToken = {
  readonly stationId: string;
  readonly publicKey: string;
  readonly nonce: string;
  readonly token: string;
};

/** False where the number was used before, or where the station was revoked or got another key meanwhile. */
function storeToken(kysely: Kysely<CloudTables>, input: NewToken): Promise<boolean> {
  const expiresAt = new Date(Date.now() + tokenSeconds * 1000);
  return kysely.transaction().execute(async (tx) => {
    const { rows } = await sql`
      insert into station_tokens (token_hash, station_id, expires_at, nonce_hash)
      select ${hashToken(input.token)}, station_id, ${expiresAt}::timestamptz, ${hashToken(input.nonce)}
      from stations where station_id = ${input.stationId} and revoked_at is null
        and public_key = ${input.publicKey} for update
      on conflict (nonce_hash) do nothing returning 1`.execute(tx);
    if (rows.length === 0) return false;
    // A number lives for a minute, so its token is not forgotten before.
    await sql`
      delete from station_tokens where station_id = ${input.stationId} and issued_at < now() - interval '1 minute'
        and (expires_at <= ${new Date()}::timestamptz or token_hash not in (
          select token_hash from station_tokens where station_id = ${input.stationId}
          order by issued_at desc limit ${tokensPerStation}))`.execute(tx);
    return true;
  });
}
