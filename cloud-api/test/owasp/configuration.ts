import { describe, expect, test } from "vitest";
import { asRoot } from "../../test-support/two-tenants.ts";
import { createApp } from "../../app.ts";
import { createMetrics } from "../../http/metrics.ts";
import type { Ground } from "./ground.ts";

export function attackConfiguration({ open, world, ask }: Ground): void {
  describe("API8 security misconfiguration", () => {
    test("pages of other sites get nothing, and answers say nothing of the inside", async () => {
      const cloud = open();
      for (const [method, path] of [
        ["OPTIONS", "/v1/console/orders"],
        ["GET", "/v1/console/orders"],
        ["GET", "/livez"],
        ["GET", "/nothing/here"],
        ["POST", "/v1/auth/sign-in"],
      ] as const) {
        const headers = { origin: "https://evil.example", "access-control-request-method": "GET" };
        const response = await cloud.app.request(path, { method, headers });
        expect(response.headers.get("access-control-allow-origin"), path).toBeNull();
        expect(response.headers.get("x-content-type-options"), path).toBe("nosniff");
        expect(response.headers.get("x-frame-options"), path).not.toBeNull();
        expect(response.headers.get("x-powered-by"), path).toBeNull();
        expect(await response.text()).not.toMatch(/node_modules|\.ts:|at .*\(|select |stack/i);
      }
      const { headers } = await ask("GET", "/v1/console/orders", asRoot());
      expect(headers.get("cache-control")).toContain("no-store");
    });

    test("unusual methods do nothing and echo nothing", async () => {
      const cloud = open();
      for (const method of ["PATCH", "DELETE", "PROPFIND", "PUT", "BREW"]) {
        const response = await cloud.app.request("/v1/stations", {
          method,
          headers: { ...asRoot(), "x-mine": "echoed" },
        });
        expect(response.status, method).toBe(404);
        expect(await response.text()).not.toContain("echoed");
      }
    });

    test("a fault shows neither the database's words nor the input", async () => {
      const cloud = open();
      const broken = { ...cloud.deps, logLine: () => undefined, metrics: createMetrics() };
      const kysely = new Proxy(cloud.database.kysely, {
        get: () => {
          throw new Error("relation secret_table does not exist at /srv/cloud/x.ts:1:1");
        },
      });
      const app = createApp({ ...broken, database: { ...cloud.database, kysely } });
      const response = await app.request("/v1/stations/own-1/tokens", {
        method: "POST",
        body: JSON.stringify({ nonce: "n".repeat(20), signature: "A".repeat(86) }),
      });
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ failure: { code: "cloud.faulted", details: {} } });
    });

    test("only the installation's own token chooses a tenant, and only one that exists", async () => {
      const other = { "waystation-tenant": "other" };
      const listed = await ask("GET", "/v1/console/orders", { ...world().acme.headers, ...other });
      expect(JSON.stringify(listed.body)).toContain(world().acme.orderId);
      expect((await ask("GET", "/v1/console/orders", asRoot("nobody"))).status).toBe(400);
    });
  });
}
