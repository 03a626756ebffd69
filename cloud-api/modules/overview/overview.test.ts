import { expect, test } from "vitest";
import { makeBatch, makeFacts } from "../../test-support/make-facts.ts";
import {
  asAdmin,
  asStation,
  describeOnEachDatabase,
  ourOrders,
  type TestCloud,
} from "../../test-support/test-cloud.ts";
import { ingestFacts } from "../ingest/ingest-facts.ts";
import { formatOrdersCsv, generateOrders } from "../orders/generate-orders.ts";
import { importOrders } from "../orders/import-orders.ts";
import type { FactView, OrderView, Overview, Page, ParcelView } from "./console-contract.ts";

async function get<T>(cloud: TestCloud, path: string): Promise<T> {
  const response = await cloud.app.request(`/v1/console/${path}`, { headers: asAdmin });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

/** Follows `next` to the end and returns every item. */
async function readAll<T>(cloud: TestCloud, name: string): Promise<T[]> {
  const items: T[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const page: Page<T> = await get(cloud, `${name}?after=${encodeURIComponent(after)}`);
    items.push(...page.items);
    after = page.next;
  }
  return items;
}

describeOnEachDatabase("overview", (open) => {
  test("pages hold every row once, searches find by any identifier, and a parcel has its trail", async () => {
    const cloud = open();
    await cloud.register("seen");
    const rows = [...generateOrders({ seed: 11, count: 120 })];
    async function* bytes() {
      yield Buffer.from([...formatOrdersCsv(rows)].join(""));
    }
    await importOrders(bytes(), { format: "csv", owner: ourOrders }, { database: cloud.database });
    const facts = makeFacts({ stationId: "seen", count: 480 });
    await ingestFacts(cloud.database, asStation("seen"), makeBatch("seen", facts));

    const orders = await readAll<OrderView>(cloud, "orders");
    expect(orders.map((order) => order.orderId).toSorted()).toEqual(
      rows.map((row) => String(row.orderId)).toSorted(),
    );
    const parcels = await readAll<ParcelView>(cloud, "parcels");
    expect(new Set(parcels.map((parcel) => parcel.parcelId)).size).toBe(120);
    const sequences = (await readAll<FactView>(cloud, "facts")).map((fact) => fact.sequence);
    expect(sequences).toEqual(facts.map((fact) => fact.sequence).toReversed());

    const sought = rows[5];
    for (const text of [sought?.orderId, sought?.waybill, sought?.trackingNumber, sought?.reference]) {
      const found = await get<Page<OrderView>>(cloud, `orders?search=${encodeURIComponent(text ?? "")}`);
      expect(found.items.map((order) => order.orderId)).toEqual([sought?.orderId]);
    }
    expect((await get<Page<OrderView>>(cloud, "orders?search=%27%25")).items).toEqual([]);
    const nul = await cloud.app.request("/v1/console/orders?search=%00", { headers: asAdmin });
    expect(nul.status).toBe(400);
    expect((await get<Page<ParcelView>>(cloud, "parcels?search=WS0000000002")).items).toHaveLength(1);
    const trail = await get<{ items: FactView[] }>(cloud, `parcels/seen/${parcels.at(-1)?.parcelId}/facts`);
    expect(trail.items.map((fact) => fact.type)).toEqual([
      "parcel.inducted",
      "parcel.scanned",
      "parcel.weighed",
      "parcel.ended",
    ]);

    expect(await get<Overview>(cloud, "overview")).toMatchObject({
      orders: 120,
      facts: 480,
      alarms: 0,
      parcels: { accepted: 120 },
      stations: [{ stationId: "seen", factsReceived: 480, logs: 1 }],
    });
  });

  test("nothing is shown without the admin token, and broken cursors end nothing", async () => {
    const cloud = open();
    const { headers } = await cloud.register("curious");
    for (const path of ["overview", "orders", "parcels", "facts", "changes", "parcels/a/b/facts"]) {
      expect((await cloud.app.request(`/v1/console/${path}`)).status).toBe(401);
      // A station is known and has no business here.
      expect((await cloud.app.request(`/v1/console/${path}`, { headers })).status).toBe(403);
    }
    for (const after of ["x", "[1]", '["a"]', "{", "-5"])
      await get(cloud, `parcels?after=${encodeURIComponent(after)}`);
    for (const after of ["x", "9".repeat(30)]) await get(cloud, `orders?after=${after}`);
    await get(cloud, `facts?after=${encodeURIComponent('["yesterday-ish","x"]')}`);
    const missing = await cloud.app.request("/v1/nothing");
    expect([missing.status, await missing.json()]).toEqual([
      404,
      { failure: { code: "resource.unknown", details: { path: "/v1/nothing" } } },
    ]);
    expect(await (await cloud.app.request("/readyz")).json()).toEqual({ status: "ok", wireVersions: [1, 2] });
  });

  test("a watcher hears of a change", async () => {
    const cloud = open();
    const leave = new AbortController();
    const response = await cloud.app.request("/v1/console/changes", {
      headers: asAdmin,
      signal: leave.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    const hear = async (event: string): Promise<void> => {
      while (!heard.includes(`event: ${event}`)) heard += (await reader?.read())?.value ?? "";
    };
    await hear("ready");
    await cloud.register("announced");
    await hear("change");
    leave.abort();
    await reader?.cancel();
  });
});
