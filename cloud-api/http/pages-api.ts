import type { ApiRoute } from "./api-route.ts";

const page = (path: string, summary: string, contentType = "text/html"): ApiRoute => ({
  method: "get",
  path,
  summary,
  caller: "anyone",
  reply: { contentType },
});

/** What browsers fetch: pages and what they are made of. Data comes through the other routes alone. */
export const pagesApi: readonly ApiRoute[] = [
  page("/", "The console."),
  page("/assets/:name", "Scripts and styles of the console.", "application/octet-stream"),
  page("/docs", "This document as a page."),
  page("/docs/:name", "Scripts and styles of that page.", "application/octet-stream"),
  page("/openapi.json", "This document.", "application/json"),
];
