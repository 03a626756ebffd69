import { describe, expect, test } from "vitest";
import { present } from "../../test-support/test-cloud.ts";
import { asRoot } from "../../test-support/two-tenants.ts";
import type { Ground } from "./ground.ts";

export function attackProperties({ open, world, ask, supervise }: Ground): void {
  describe("API3 broken object property level authorisation", () => {
    test("fields that are not the caller's to set are refused or have no effect", async () => {
      const extra = {
        tenantId: "other",
        revokedAt: null,
        publicKey: "x",
        twoFactorEnabled: true,
        disabledAt: null,
      };
      const bodies: readonly (readonly [string, Record<string, unknown>])[] = [
        ["/v1/stations", { stationId: "mass-1" }],
        ["/v1/hubs", { hubId: "mass", name: "m" }],
        ["/v1/customers", { customerId: "mass", name: "m" }],
        ["/v1/customers/acme/keys", { name: "m", scopes: ["orders:read"] }],
        ["/v1/people", { email: "mass@example.com", name: "m", roles: [{ role: "operator", hubId: null }] }],
      ];
      for (const [path, body] of bodies)
        for (const [name, value] of Object.entries(extra))
          expect(
            (await ask("POST", path, asRoot(), { ...body, [name]: value })).status,
            `${path} ${name}`,
          ).toBe(400);
      const scopes = { name: "m", scopes: ["people.manage"] };
      expect((await ask("POST", "/v1/customers/acme/keys", asRoot(), scopes)).status).toBe(400);
    });

    test("an imported order is the importer's own, whatever it says of itself", async () => {
      const cloud = open();
      const { kysely } = cloud.database;
      const { body } = await kysely
        .selectFrom("orders")
        .select("body")
        .where("order_id", "=", world().here.orderId)
        .executeTakeFirstOrThrow();
      const claims = {
        tenantId: "other",
        tenant_id: "other",
        hubId: "west",
        customerId: "bolt",
        revision: 99,
      };
      const row = {
        ...JSON.parse(body),
        orderId: "CLAIMED-1",
        waybill: "CLAIMED1",
        trackingNumber: undefined,
      };
      const headers = { ...world().acme.headers, "waystation-tenant": "other" };
      const send = (order: unknown) =>
        ask("POST", "/v1/orders/import?format=json&customer=bolt&tenant=other", headers, [order]);
      for (const [name, value] of Object.entries(claims))
        expect((await send({ ...row, [name]: value })).body, name).toMatchObject({
          imported: 0,
          rejectedCount: 1,
        });
      expect((await send(row)).body).toMatchObject({ imported: 1 });
      const stored = await kysely
        .selectFrom("orders")
        .select(["tenant_id", "hub_id", "customer_id", "revision"])
        .where("order_id", "=", "CLAIMED-1")
        .execute();
      expect(stored).toEqual([{ tenant_id: "default", hub_id: "main", customer_id: "acme", revision: 1 }]);
      const hub = await ask("POST", "/v1/orders/import?format=json&hub=west", world().acme.headers, [row]);
      expect(hub.status).toBe(403);
    });

    test("a customer does not take over or change the order of another by importing it again", async () => {
      const cloud = open();
      const stored = () =>
        cloud.database.kysely
          .selectFrom("orders")
          .select(["customer_id", "revision", "body"])
          .where("order_id", "=", world().bolt.orderId)
          .execute();
      const before = await stored();
      const changed = { ...JSON.parse(present(before[0]).body), declaredWeightGrams: 1 };
      await ask("POST", "/v1/orders/import?format=json", world().acme.headers, [changed]);
      expect(await stored()).toEqual(before);
    });

    test("answers hold what the caller needs: no hash, no key, no name to those who pack", async () => {
      const paths = [
        "/v1/people",
        "/v1/customers",
        "/v1/customers/acme/keys",
        "/v1/console/stations",
        "/v1/console/audit",
      ];
      for (const path of paths) {
        const { status, body } = await ask("GET", path, asRoot());
        expect(status).toBe(200);
        expect(JSON.stringify(body), path).not.toMatch(
          /hash|secret|password"|"token|scrypt|wsk_|wst_|wsi_|publicKey/i,
        );
      }
      const { body } = (await open()
        .database.kysely.selectFrom("orders")
        .select("body")
        .where("order_id", "=", world().here.orderId)
        .executeTakeFirstOrThrow()) as { body: string };
      const { name } = (JSON.parse(body) as { consignee: { name: string } }).consignee;
      for (const path of ["parcels", "facts", "overview", "stations"])
        expect(JSON.stringify((await supervise("GET", `/v1/console/${path}`)).body)).not.toContain(name);
    });
  });
}
