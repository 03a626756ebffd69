import { describe, expect, test } from "vitest";
import { makeFacts } from "../../test-support/make-facts.ts";
import { present } from "../../test-support/test-cloud.ts";
import { asRoot } from "../../test-support/two-tenants.ts";
import type { Ground } from "./ground.ts";

export function attackObjects({ open, world, ask, supervise }: Ground): void {
  describe("API1 broken object level authorisation", () => {
    test("a station neither uploads nor reports as another, by path or by body", async () => {
      const [stranger] = world().strangers;
      const { stationId } = present(stranger).station;
      const { headers } = world().here.station;
      const facts = makeFacts({ stationId, logId: "forged", count: 1 });
      const batch = { wireVersion: 1, stationId, logId: "forged", facts };
      expect((await ask("POST", `/v1/stations/${stationId}/facts`, headers, batch)).status).toBe(403);
      expect((await ask("PUT", `/v1/stations/${stationId}/report`, headers, {})).status).toBe(403);
      const own = `/v1/stations/${world().here.station.stationId}/facts`;
      expect((await ask("POST", own, headers, batch)).status).toBeGreaterThanOrEqual(400);
      const { kysely } = open().database;
      expect(
        await kysely.selectFrom("facts").select("sequence").where("log_id", "=", "forged").execute(),
      ).toEqual([]);
    });

    test("a station's shapes hold no row of another hub, tenant or station", async () => {
      const { headers } = world().here.station;
      for (const table of ["orders", "shipments", "releases", "acknowledgements"]) {
        const answer = await ask("GET", `/v1/shape?table=${table}&offset=-1`, headers);
        expect(answer.status).toBe(200);
        const text = JSON.stringify(answer.body);
        expect(text).toContain(table === "acknowledgements" ? "own-1" : world().here.orderId);
        for (const { orderId, station } of world().strangers) {
          expect(text).not.toContain(orderId);
          expect(text).not.toContain(station.stationId);
        }
      }
      const narrowed = await ask("GET", "/v1/shape?table=orders&offset=-1&where=true", headers);
      expect(narrowed.status).toBe(400);
    });

    test("a person of one hub reads and cancels nothing of another hub or tenant", async () => {
      expect(JSON.stringify((await supervise("GET", "/v1/console/orders")).body)).toContain(
        world().here.orderId,
      );
      for (const { orderId, waybill, station, parcelId } of world().strangers) {
        const paths = [
          "orders",
          "parcels",
          "facts",
          "stations",
          "hubs",
          "overview",
          `orders?search=${orderId}`,
          `orders?search=${waybill}`,
          `parcels?search=${parcelId}`,
          `facts?search=${station.stationId}`,
          `parcels/${station.stationId}/${parcelId}/facts`,
          `stations/${station.stationId}/counts`,
        ];
        for (const path of paths) {
          const { status, body } = await supervise("GET", `/v1/console/${path}`);
          expect([200, 404], path).toContain(status);
          const text = JSON.stringify(body);
          for (const id of [orderId, waybill, `"${station.stationId}"`, parcelId])
            expect(text, path).not.toContain(id);
          expect(text, path).not.toMatch(/"received":[1-9]/);
        }
        expect((await supervise("POST", `/v1/orders/${orderId}/cancel`)).status).toBe(404);
      }
    });

    test("a customer sees and cancels its own orders only, whatever the others' are called", async () => {
      const { acme, bolt } = world();
      const listed = JSON.stringify((await ask("GET", "/v1/console/orders", acme.headers)).body);
      expect(listed).toContain(acme.orderId);
      expect(listed).not.toContain(bolt.orderId);
      expect(listed).not.toContain(world().here.orderId);
      const parcels = JSON.stringify((await ask("GET", "/v1/console/parcels", acme.headers)).body);
      expect(parcels).not.toContain(world().here.parcelId);
      for (const orderId of [bolt.orderId, world().here.orderId, ...world().strangers.map((s) => s.orderId)])
        expect((await ask("POST", `/v1/orders/${orderId}/cancel`, acme.headers)).status).toBe(404);
      const rows = await open().database.kysely.selectFrom("orders").select(["order_id", "status"]).execute();
      expect(rows.filter(({ status }) => status === "cancelled")).toEqual([]);
    });

    test("the administrator of one tenant does not touch stations, keys and people of another", async () => {
      const other = asRoot("other");
      const { stationId } = world().here.station;
      for (const word of ["revoke", "restore"])
        expect((await ask("POST", `/v1/stations/${stationId}/${word}`, other, {})).status).toBe(404);
      expect((await ask("POST", "/v1/stations", other, { stationId })).status).toBe(403);
      expect(
        (await ask("POST", "/v1/customers/acme/keys", other, { name: "x", scopes: ["orders:read"] })).status,
      ).toBe(404);
      expect((await ask("GET", "/v1/customers/acme/keys", other)).body).toEqual({ items: [] });
      const { personId } = world().supervisor;
      expect((await ask("POST", `/v1/people/${personId}/disable`, other, {})).status).toBe(404);
      expect((await ask("PUT", `/v1/people/${personId}/roles`, other, { roles: [] })).status).toBe(404);
      expect((await ask("POST", `/v1/people/${personId}/invitations`, other, {})).status).toBe(404);
      const { items } = (await ask("GET", "/v1/console/audit", other)).body as {
        items: { subject: string }[];
      };
      expect(items.map(({ subject }) => subject)).not.toContain(`station ${stationId}`);
      expect((await ask("GET", "/v1/console/overview", world().here.station.headers)).status).toBe(403);
    });

    test("guessed and hostile ids are answered, never with a fault", async () => {
      for (const id of ["%00", "%27%3B--", "..%2f..%2fetc", "x".repeat(3000), "%F0%9F%92%A9", "%ff", "null"])
        for (const [method, path] of [
          ["POST", `/v1/orders/${id}/cancel`],
          ["POST", `/v1/orders/${id}/erase`],
          ["POST", `/v1/stations/${id}/revoke`],
          ["POST", `/v1/stations/${id}/challenges`],
          ["POST", `/v1/people/${id}/disable`],
          ["POST", `/v1/keys/${id}/revoke`],
          ["GET", `/v1/customers/${id}/keys`],
          ["GET", `/v1/console/parcels/${id}/${id}/facts`],
          ["GET", `/v1/console/stations/${id}/counts`],
          ["GET", `/v1/console/orders?search=${id}&after=${id}`],
          ["GET", `/v1/console/facts?search=${id}&after=${id}`],
          ["GET", `/v1/console/stations?after=${id}`],
          ["GET", `/v1/people?after=${id}`],
          ["GET", `/v1/customers?after=${id}`],
        ] as const)
          expect((await ask(method, path, asRoot())).status, `${method} ${path.slice(0, 80)}`).toBeLessThan(
            500,
          );
    });
  });
}
