import { expect, test } from "vitest";
import { parseCloudConfig } from "../../config/cloud-config.ts";
import { isFromOwnPage } from "./own-origin.ts";

function judge(url: string, headers: Record<string, string>, publicUrl?: string): boolean {
  const config = parseCloudConfig({
    adminToken: "admin-token-of-the-tests",
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });
  if (!config.ok) throw new Error(JSON.stringify(config.failure));
  return isFromOwnPage(config.value, new Request(url, { method: "POST", headers }));
}

test.each<[string, string, Record<string, string>, string | undefined, boolean]>([
  ["the page itself", "http://localhost:8787/x", { origin: "http://localhost:8787" }, undefined, true],
  ["no origin", "http://localhost:8787/x", {}, undefined, false],
  ["another port", "http://localhost:8787/x", { origin: "http://localhost:9999" }, undefined, false],
  [
    "a foreign name that leads here",
    "http://evil.example/x",
    { origin: "http://evil.example" },
    undefined,
    false,
  ],
  [
    "the public address",
    "http://10.0.0.1/x",
    { origin: "https://cloud.example" },
    "https://cloud.example",
    true,
  ],
  [
    "its name without TLS",
    "http://cloud.example/x",
    { origin: "http://cloud.example" },
    "https://cloud.example",
    false,
  ],
  [
    "a neighbour",
    "http://localhost/x",
    { origin: "http://localhost", "sec-fetch-site": "same-site" },
    undefined,
    false,
  ],
])("%s", (_what, url, headers, publicUrl, isOwn) => {
  expect(judge(url, headers, publicUrl)).toBe(isOwn);
});
