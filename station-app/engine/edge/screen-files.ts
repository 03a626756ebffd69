import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import {
  contentPolicy,
  noncePlaceholder,
  pageHeaders,
  resolvePagePath,
} from "@waystation/shared/wire/screen-page";

/** Answers one request for a file of the built screen. The caller has checked Host already. */
export async function serveScreenFile(
  request: IncomingMessage,
  response: ServerResponse,
  screen: { staticDir: string; socketUrl: string },
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405);
  const path = resolvePagePath((request.url ?? "/").split("?", 1)[0] ?? "/");
  const content = path === null ? null : await readFile(join(screen.staticDir, path)).catch(() => null);
  if (path === null || content === null) return refuse(response, 404);
  const nonce = randomBytes(16).toString("base64");
  const body = path.endsWith(".html")
    ? content.toString("utf8").replaceAll(noncePlaceholder, nonce)
    : content;
  response.writeHead(200, pageHeaders(path, contentPolicy(nonce, [screen.socketUrl])));
  response.end(request.method === "HEAD" ? undefined : body);
}

/** A refusal says its number and nothing else. */
export function refuse(response: ServerResponse, status: 400 | 404 | 405 | 421): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(`${status}\n`);
}
