import { Hono } from "hono";
import { expect, test } from "vitest";
import type { CloudEnv } from "./cloud-env.ts";
import { backUpChanges } from "./request-backup.ts";

test.each([
  ["POST", "/v1/enrolments", 201, 1],
  ["POST", "/v1/orders/import", 200, 1],
  ["PUT", "/v1/people/p/roles", 200, 1],
  ["GET", "/v1/orders", 200, 0],
  ["POST", "/v1/orders/import", 400, 0],
  ["POST", "/v1/stations/s-1/facts", 200, 0],
  ["POST", "/v1/stations/s-1/tokens", 200, 0],
  ["POST", "/v1/stations/s-1/revoke", 200, 1],
] as const)("%s %s answered with %i asks for %i backups", async (method, path, status, times) => {
  let asked = 0;
  const app = new Hono<CloudEnv>();
  app.use(backUpChanges({ requestBackup: () => (asked += 1) }));
  app.all("*", (context) => context.body(null, status));
  await app.request(path, { method });
  expect(asked).toBe(times);
});
