import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createRateLimit } from "../../http/rate-limit.ts";
import { makeFacts } from "../../test-support/make-facts.ts";
import { asRoot, importAs } from "../../test-support/two-tenants.ts";
import type { Ground } from "./ground.ts";

export function attackConsumption({ open, world, ask }: Ground): void {
  describe("API4 unrestricted resource consumption", () => {
    const unpacked = Buffer.alloc(50_000_000, 0x20);

    test("a small archive that unpacks to much is cut off", async () => {
      const cloud = open();
      const { stationId, headers } = world().here.station;
      const bomb = gzipSync(unpacked, { level: 9 });
      expect(bomb.length).toBeLessThan(100_000);
      for (const [path, more] of [
        [`/v1/stations/${stationId}/facts`, headers],
        ["/v1/enrolments", {}],
        ["/v1/people", asRoot()],
        ["/v1/channels/import", asRoot()],
      ] as const) {
        const init = { method: "POST", headers: { ...more, "content-encoding": "gzip" }, body: bomb };
        expect((await cloud.app.request(path, init)).status, path).toBe(413);
      }
    });

    test("bodies, batches and pages have a limit that a request cannot raise", async () => {
      const cloud = open();
      const { stationId, headers } = world().here.station;
      const long = { email: "a@example.com", password: "x".repeat(20_000) };
      expect((await ask("POST", "/v1/auth/sign-in", {}, long)).status).toBe(413);
      const facts = makeFacts({ stationId, logId: "huge", count: 1001 });
      const batch = { wireVersion: 1, stationId, logId: "huge", facts };
      expect((await ask("POST", `/v1/stations/${stationId}/facts`, headers, batch)).status).toBe(400);
      const deep = `${"[".repeat(4000)}${"]".repeat(4000)}`;
      const nested = await cloud.app.request("/v1/hubs", { method: "POST", headers: asRoot(), body: deep });
      expect(nested.status).toBe(400);
      for (let seed = 500; seed < 502; seed += 1) await importAs(cloud, asRoot(), seed, "main");
      for (const query of ["limit=100000", "pageSize=100000", "first=100000"]) {
        const { body } = await ask("GET", `/v1/console/facts?${query}`, asRoot());
        expect((body as { items: unknown[] }).items.length).toBeLessThanOrEqual(50);
      }
    });

    test("attempts are counted before they are made, and the memory of them is bounded", () => {
      let nowMs = 0;
      const limit = createRateLimit({ perKey: 2, inAll: 50_000, windowMs: 1000, nowMs: () => nowMs });
      expect([limit.take("a").ok, limit.take("a").ok, limit.take("a").ok]).toEqual([true, true, false]);
      for (let key = 0; key < 60_000; key += 1) limit.take(`flood ${key}`);
      expect(limit.take("b").ok).toBe(false);
      nowMs = 1001;
      expect(limit.take("a").ok).toBe(true);
    });
  });
}
