import type { ServerResponse } from "node:http";
import type { Context, MiddlewareHandler } from "hono";
import type { CloudEnv } from "./cloud-env.ts";

/** What every answer says to browsers; transport security belongs to the proxy that ends TLS. */
const fixed: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "SAMEORIGIN"],
  ["x-dns-prefetch-control", "off"],
  ["x-download-options", "noopen"],
  ["x-permitted-cross-domain-policies", "none"],
  ["x-xss-protection", "0"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
  ["cross-origin-opener-policy", "same-origin"],
  ["origin-agent-cluster", "?1"],
];

/**
 * Headers go onto the server's own response, before the handler runs: put into the handler's answer afterwards they
 * cost more than all other work on a small request, since that answer must then be taken apart and made anew. The
 * handler's own headers win.
 */
export const setFixedHeaders: MiddlewareHandler<CloudEnv> = async (context, next) => {
  for (const [name, value] of fixed) setEarly(context, name, value);
  await next();
};

/** Before `next`; an app that is called without a server has only its own answer. */
export function setEarly(context: Context<CloudEnv>, name: string, value: string): void {
  const { outgoing } = (context.env ?? {}) as { readonly outgoing?: ServerResponse };
  if (outgoing === undefined) context.header(name, value);
  else if (!outgoing.headersSent) outgoing.setHeader(name, value);
}
