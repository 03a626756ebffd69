/**
 * How the built screen is served: the same rules whether the engine serves it over loopback HTTP or the desktop
 * shell over its own scheme. Pure; whoever reads the files passes the nonce in.
 */

/** The build writes this into the page; the server replaces it with a fresh nonce for every page. */
export const noncePlaceholder = "__CSP_NONCE__";

/** Nothing from elsewhere, no inline script; inline style only with the nonce (the component library needs it). */
export function contentPolicy(nonce: string, connectSources: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    ["connect-src 'self'", ...connectSources].join(" "),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Headers of every file; `path` as returned by `resolvePagePath`. */
export function pageHeaders(path: string, policy: string): Record<string, string> {
  return {
    "content-type": contentTypes[path.slice(path.lastIndexOf("."))] ?? "application/octet-stream",
    "content-security-policy": policy,
    "cache-control": path.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), bluetooth=()",
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ttf": "font/ttf",
  ".woff2": "font/woff2",
  ".json": "application/json",
};

/**
 * The path of a request, still percent-encoded, to a relative path inside the built screen; null for anything that
 * could lead outside of it. Only plain names pass, so neither `..%2f`, a drive letter, a backslash nor a hidden file can.
 */
export function resolvePagePath(pathname: string): string | null {
  if (pathname === "/" || pathname === "") return "index.html";
  const segments = pathname.replace(/^\//, "").split("/");
  const plain =
    segments.length <= 8 && segments.every((segment) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(segment));
  return plain ? segments.join("/") : null;
}
