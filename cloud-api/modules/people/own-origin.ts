import type { CloudConfig } from "../../config/cloud-config.ts";

const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const reading: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Whether a request with a cookie comes from the cloud's own page. Browsers name the origin with everything that
 * changes something; another site cannot make them leave it out. Without a public address only the loopback counts,
 * so that a foreign name that leads here is no way in.
 */
export function isFromOwnPage({ publicUrl, host }: CloudConfig, request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site === "cross-site" || site === "same-site") return false;
  const origin = request.headers.get("origin");
  if (origin === null) return reading.has(request.method);
  if (publicUrl !== undefined) return origin === new URL(publicUrl).origin;
  const asked = new URL(request.url);
  return origin === `http://${asked.host}` && (loopback.has(asked.hostname) || asked.hostname === host);
}
