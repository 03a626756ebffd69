import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { shellHost, shellScheme } from "@waystation/shared/wire/shell-bridge";
import {
  contentPolicy,
  noncePlaceholder,
  pageHeaders,
  resolvePagePath,
} from "@waystation/shared/wire/screen-page";
import { protocol, type Session } from "electron";

/** Before the app is ready. `standard` gives the scheme an origin, `secure` keeps it a secure context. */
export function registerScreenScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: shellScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** `app://station/...` from the built screen's folder and from nowhere else; never `file://`. */
export function serveScreen(session: Session, staticDir: string): void {
  session.protocol.handle(shellScheme, (request) => answer(request, staticDir));
}

async function answer(
  request: { readonly url: string; readonly method: string },
  staticDir: string,
): Promise<Response> {
  const { host, pathname } = new URL(request.url);
  const path =
    host === shellHost && (request.method === "GET" || request.method === "HEAD")
      ? resolvePagePath(pathname)
      : null;
  const content = path === null ? null : await readFile(join(staticDir, path)).catch(() => null);
  if (path === null || content === null) return new Response(null, { status: 404 });
  const nonce = randomBytes(16).toString("base64");
  const body = path.endsWith(".html")
    ? content.toString("utf8").replaceAll(noncePlaceholder, nonce)
    : new Uint8Array(content);
  return new Response(body, { status: 200, headers: pageHeaders(path, contentPolicy(nonce)) });
}
