import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Hono } from "hono";
import { fail } from "@waystation/shared/failures/result";
import { contentPolicy, pageHeaders } from "@waystation/shared/wire/screen-page";
import type { CloudEnv } from "./cloud-env.ts";
import { replyFailure } from "./failure-reply.ts";
import { type ApiDocument, describeApi } from "./openapi.ts";

const library = createRequire(import.meta.url);

/** From the library's package, by name: nothing else of it is reachable. */
const libraryFiles: ReadonlyMap<string, () => string> = new Map([
  ["swagger-ui.css", () => library.resolve("swagger-ui-dist/swagger-ui.css")],
  ["swagger-ui-bundle.js", () => library.resolve("swagger-ui-dist/swagger-ui-bundle.js")],
]);

/**
 * The document of the API and a page for it, served from here alone: no script from elsewhere, and the page's policy
 * lets it speak with this cloud only. Both are made at the first request, since most starts never see one.
 */
export function docsRoutes(): Hono<CloudEnv> {
  let document: ApiDocument | null = null;
  const routes = new Hono<CloudEnv>();
  routes.get("/openapi.json", (context) => {
    document ??= describeApi();
    return context.json(document);
  });
  routes.get("/docs", (context) => {
    const nonce = randomBytes(16).toString("base64");
    return context.body(page(nonce), 200, pageHeaders("index.html", contentPolicy(nonce)));
  });
  routes.get("/docs/:name", (context) => {
    const name = context.req.param("name");
    const content = readDocsFile(name);
    if (content === null)
      return replyFailure(context, fail("resource.unknown", { path: `docs/${name.slice(0, 100)}` }).failure);
    return context.body(new Uint8Array(content), 200, pageHeaders(name, contentPolicy("")));
  });
  return routes;
}

function readDocsFile(name: string): Buffer | null {
  if (name === "start.js") return Buffer.from(startScript);
  const path = libraryFiles.get(name);
  return path === undefined ? null : readFileSync(path());
}

const page = (nonce: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Waystation cloud: API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<style nonce="${nonce}">body { margin: 0 } .scheme-container { display: none }</style>
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** No "try it out": a page that asks for tokens teaches people to paste them. */
const startScript = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", supportedSubmitMethods: [], docExpansion: "list" });\n`;
