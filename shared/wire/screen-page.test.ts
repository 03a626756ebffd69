import fc from "fast-check";
import { expect, test } from "vitest";
import { contentPolicy, pageHeaders, resolvePagePath } from "./screen-page.ts";

test.each([
  ["/", "index.html"],
  ["/index.html", "index.html"],
  ["/assets/index-Ab_1-2.js", "assets/index-Ab_1-2.js"],
])("%s is served from %s", (pathname, expected) => {
  expect(resolvePagePath(pathname)).toBe(expected);
});

test.each([
  "/../secret",
  "/..%2fsecret",
  "/%2e%2e/secret",
  "/%2e%2e%2fsecret",
  "/assets/..%5csecret",
  "/assets\\..\\secret",
  "//etc/passwd",
  "/C:/windows",
  "/.env",
  "/assets/.hidden",
  "/a%00.html",
  "/assets/",
  `/${"a/".repeat(20)}b`,
])("%s leads nowhere", (pathname) => {
  expect(resolvePagePath(pathname)).toBeNull();
});

test("no path ever resolves outside the screen's folder", () => {
  const hostile = fc.array(fc.constantFrom("/", "\\", ".", "..", "%2e", "%2f", "%5c", "a", "C:", "\0", "~"), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(hostile, (parts) => {
      const path = resolvePagePath(`/${parts.join("")}`);
      if (path === null) return;
      expect(path.startsWith("/")).toBe(false);
      expect(path.split("/").some((segment) => segment.startsWith(".") || segment === "")).toBe(false);
      expect(path).not.toMatch(/[\\:%\0]/);
    }),
  );
});

test("the policy allows no inline script, no other host, and style only with the nonce", () => {
  const policy = contentPolicy("abc", ["ws://127.0.0.1:4000"]);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("style-src 'self' 'nonce-abc'");
  expect(policy).toContain("connect-src 'self' ws://127.0.0.1:4000;");
  expect(policy).not.toContain("unsafe");
  expect(policy).not.toMatch(/https?:|\*/);
});

test("only hashed assets may be cached", () => {
  expect(pageHeaders("index.html", "p")["cache-control"]).toBe("no-store");
  expect(pageHeaders("assets/a.js", "p")).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "content-security-policy": "p",
  });
});
