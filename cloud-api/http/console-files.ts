import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { Hono } from "hono";
import type { CloudEnv } from "./cloud-env.ts";

/**
 * Serves the built console from memory: a request can only name a file that was there at the start, so no path
 * leads anywhere else. The page gets a fresh nonce for the style sheet that its components insert.
 */
export function consoleRoutes(folder: string): Hono<CloudEnv> {
  const files = readFolder(folder);
  const routes = new Hono<CloudEnv>();
  routes.get("/", (context) => {
    const page = files.get("index.html")?.toString("utf8");
    if (page === undefined) return context.text("The console is not built. Run: npm run build\n", 503);
    const nonce = randomBytes(16).toString("base64");
    context.header("content-security-policy", describePolicy(nonce));
    context.header("cache-control", "no-store");
    return context.html(page.replaceAll("%STYLE_NONCE%", nonce));
  });
  routes.get("/assets/:name", (context) => {
    const name = `assets/${context.req.param("name")}`;
    const file = files.get(name);
    const type = contentTypes[extname(name)];
    if (file === undefined || type === undefined) return context.notFound();
    // Names carry a hash of the content.
    return context.body(new Uint8Array(file), 200, { "content-type": type, "cache-control": "public, max-age=31536000, immutable" });
  });
  return routes;
}

const describePolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

const contentTypes: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

function readFolder(folder: string): ReadonlyMap<string, Buffer> {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return new Map(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) => {
          const path = join(entry.parentPath, entry.name);
          return [path.slice(folder.length + 1).replaceAll("\\", "/"), readFileSync(path)];
        }),
    );
  } catch {
    return new Map();
  }
}
