import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { type Context, Hono } from "hono";
import { contentPolicy, pageHeaders } from "@waystation/shared/wire/screen-page";
import type { CloudEnv } from "./cloud-env.ts";

/**
 * Serves the built console from memory: a request can only name a file that was there at the start, so no path
 * leads anywhere else. The page gets a fresh nonce for the style sheet that its components insert.
 */
export function consoleRoutes(folder: string): Hono<CloudEnv> {
  const files = readFolder(folder);
  const reply = (context: Context, path: string): Response => {
    const file = files.get(path);
    if (file === undefined)
      return path === "index.html" ? context.text(notBuilt, 503) : context.body(null, 404);
    const nonce = randomBytes(16).toString("base64");
    const headers = pageHeaders(path, contentPolicy(nonce));
    if (path !== "index.html") return context.body(new Uint8Array(file), 200, headers);
    return context.body(file.toString("utf8").replaceAll(noncePlaceholder, nonce), 200, headers);
  };
  return new Hono<CloudEnv>()
    .get("/", (context) => reply(context, "index.html"))
    .get("/assets/:name", (context) => reply(context, `assets/${context.req.param("name")}`));
}

/** The same as `cspNonce` in console/vite.config.ts. */
const noncePlaceholder = "%STYLE_NONCE%";
const notBuilt = "The console is not built. Run: npm run build\n";

function readFolder(folder: string): ReadonlyMap<string, Buffer> {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return new Map(
      entries.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [relative(folder, path).replaceAll(sep, "/"), readFileSync(path)];
      }),
    );
  } catch {
    return new Map();
  }
}
