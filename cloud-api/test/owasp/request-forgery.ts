import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { goodPassword } from "../../test-support/test-people.ts";
import type { Ground } from "./ground.ts";

export function attackByForgedRequests({ open, world, ask }: Ground): void {
  describe("API7 server side request forgery", () => {
    test("no address from a request is ever asked", async () => {
      const asked: string[] = [];
      const trap = createServer((request, response) => {
        asked.push(request.url ?? "");
        response.end();
      });
      await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
      const address = trap.address();
      const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/inside`;
      const encoded = encodeURIComponent(url);
      const stationHeaders = world().here.station.headers;
      try {
        await ask(
          "GET",
          `/v1/shape?table=orders&offset=-1&url=${encoded}&electric_url=${encoded}`,
          stationHeaders,
        );
        await ask("GET", `/v1/shape?table=${encoded}&offset=-1`, stationHeaders);
        const { body } = await open()
          .database.kysely.selectFrom("orders")
          .select("body")
          .where("order_id", "=", world().here.orderId)
          .executeTakeFirstOrThrow();
        for (const label of [
          url,
          `${url}.png`,
          "file:///etc/passwd",
          "../../etc/passwd.zpl",
          "/etc/hostname.zpl",
        ]) {
          const row = { ...JSON.parse(body), orderId: "SSRF-1", waybill: "SSRF1", label };
          const reply = await ask("POST", "/v1/orders/import?format=json", world().acme.headers, [row]);
          expect(reply.body, label).toMatchObject({
            imported: 0,
            rejected: [{ reason: expect.stringContaining("label") }],
          });
        }
        const more = { callbackURL: url, redirectTo: url };
        const signIn = { email: world().supervisor.email, password: goodPassword, ...more };
        expect((await ask("POST", "/v1/auth/sign-in", {}, signIn)).status).toBe(400);
        expect(asked).toEqual([]);
      } finally {
        trap.close();
      }
    });
  });
}
