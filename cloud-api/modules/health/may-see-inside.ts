import type { IncomingMessage } from "node:http";
import type { Context } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { isSameToken, readBearer } from "../access/tokens.ts";

/** Headers by which a proxy on this machine gives itself away: its visitors come from anywhere. */
const proxyHeaders = ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"];

/**
 * Measurements and details are for whoever has the metrics token. Without one set, they are for programs on this
 * machine that come straight here, and for nobody else.
 */
export function maySeeInside({ config }: CloudDeps, context: Context<CloudEnv>): boolean {
  if (config.metricsToken === undefined) return comesFromHere(context);
  const token = readBearer(context.req.header("authorization"));
  return token !== null && isSameToken(token, config.metricsToken.reveal());
}

function comesFromHere(context: Context<CloudEnv>): boolean {
  if (proxyHeaders.some((name) => context.req.header(name) !== undefined)) return false;
  const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage };
  const address = incoming?.socket?.remoteAddress ?? "";
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
