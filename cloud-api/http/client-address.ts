import type { IncomingMessage } from "node:http";
import type { Context } from "hono";

/**
 * Where a request comes from, to count attempts by. Behind `proxyHops` proxies of ours the address is the one that
 * the outermost of them wrote; what a client puts before it in the header counts for nothing.
 */
export function clientAddress(context: Context, proxyHops: number): string {
  if (proxyHops > 0) {
    const named = (context.req.header("x-forwarded-for") ?? "").split(",").map((part) => part.trim());
    return groupAddress(named.at(-proxyHops) || "unknown");
  }
  return groupAddress(socketAddress(context));
}

/** `app.request()` of the tests has no socket. */
function socketAddress(context: Context): string {
  const { incoming } = (context.env ?? {}) as { readonly incoming?: IncomingMessage };
  return incoming?.socket.remoteAddress ?? "unknown";
}

/** One subscriber has a whole /64 of IPv6, so its single addresses do not count. */
function groupAddress(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").slice(0, 64);
  return plain.includes(":") ? expand(plain).slice(0, 4).join(":") : plain;
}

function expand(address: string): readonly string[] {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array.from({ length: missing }, () => "0"), ...after];
}
