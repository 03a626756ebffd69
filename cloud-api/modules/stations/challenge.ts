import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { ChallengeReply } from "@waystation/shared/wire/cloud-http";
import type { CloudConfig } from "../../config/cloud-config.ts";
import { isSameToken } from "../access/tokens.ts";

const challengeMs = 60_000;

/**
 * Numbers to sign, bound to a station and a minute by a key of the cloud's own: nothing is stored when one is given
 * out, so that asking for millions of them costs nothing, and every process of one cloud knows them all.
 */
export type Challenges = {
  readonly give: (stationId: string) => ChallengeReply;
  readonly isFresh: (stationId: string, nonce: string) => boolean;
};

export function createChallenges(config: CloudConfig, nowMs: () => number = Date.now): Challenges {
  const secret = config.adminToken.reveal();
  const key = Buffer.from(hkdfSync("sha256", secret, "", "waystation station challenges", 32));
  const seal = (stationId: string, body: string): string =>
    createHmac("sha256", key).update(`${body}.${stationId}`).digest("base64url");
  return {
    give: (stationId) => {
      const serverTimeMs = nowMs();
      const body = `${randomBytes(16).toString("base64url")}.${serverTimeMs + challengeMs}`;
      return { nonce: `${body}.${seal(stationId, body)}`, serverTimeMs };
    },
    isFresh: (stationId, nonce) => {
      const [random = "", ends = "", sealed = ""] = nonce.split(".");
      const isOurs = isSameToken(sealed, seal(stationId, `${random}.${ends}`));
      return isOurs && Number(ends) > nowMs();
    },
  };
}
