import { afterAll, beforeAll, expect, test } from "vitest";
import { serveApp } from "@waystation/cloud-api/test-support/serve";
import { firstHub, makeTestCloud, openDatabase } from "@waystation/cloud-api/test-support/test-cloud";
import { waitUntil } from "../durability/child-process.ts";
import { followInFolder } from "../support/follow-scripted.ts";
import { fetchRecorded, readOrders } from "../support/fetch-recorded.ts";
import { makeParts } from "../support/scripted-shapes.ts";
import { testChannel, testSortPlan } from "../support/station-bench.ts";

type Database = Awaited<ReturnType<typeof openDatabase>>;
/** The hub every database begins with. */
const owner = { tenant_id: firstHub.tenantId, hub_id: firstHub.hubId };
let database: Database;
beforeAll(async () => {
  database = await openDatabase({ kind: "temporary" });
}, 120_000);
afterAll(() => database.close());

/** Our own cloud with the rows the record ends with, reached by the same changes. */
async function fetchFromCloud(): Promise<Record<string, unknown[]>> {
  const cloud = makeTestCloud(database);
  const { token } = await cloud.register("station-1");
  await putOrders([1, 2, 3]);
  await putSettings();
  const served = await serveApp(cloud);
  const station = await followInFolder(served.url, { token });
  try {
    await waitUntil(() => [1, 2, 3].every((number) => station.find(number) !== undefined), "the first fetch");
    await changeOrders();
    await waitUntil(() => station.cityOf(2) === "Leipzig" && station.find(3) === undefined, "the changes");
    await waitUntil(
      () => station.find(4) !== undefined && station.lookup.findChannel("PKT")?.version === 4,
      "all",
    );
    await waitUntil(() => station.lookup.sortPlan().version === 7, "the plan");
    await waitUntil(() => readOrders(station.replica.path()).pending_orders?.length === 0, "the deletes");
    await waitUntil(() => readOrders(station.replica.path()).pending_shipments?.length === 0, "the deletes");
    return readOrders(station.replica.path());
  } finally {
    station.stop();
    station.remove();
    await served.close();
  }
}

async function putOrders(numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const { orders, shipments, releases } = makeParts(number);
    const derived = { waybill: `W${number}`, reference: null, tracking_number: null, channel_code: "PKT" };
    await database.kysely
      .insertInto("orders")
      .values({
        ...owner,
        ...orders,
        ...derived,
        revision: 1,
        status: "ready",
        declared_weight_grams: 200,
        country: "DE",
        consignee_name: "A. Muster",
        customer_id: null,
      })
      .execute();
    const key = { ...owner, order_id: orders.order_id, revision: 1 };
    await database.kysely
      .insertInto("shipments")
      .values({ ...key, body: shipments.body, label_kind: "house" })
      .execute();
    await database.kysely
      .insertInto("releases")
      .values({ ...key, parts_hash: releases.parts_hash })
      .execute();
  }
}

async function putSettings(): Promise<void> {
  const channel = {
    tenant_id: owner.tenant_id,
    code: "PKT",
    version: 4,
    body: JSON.stringify({ ...testChannel, version: 4 }),
  };
  await database.kysely.insertInto("channels").values(channel).execute();
  const plan = { ...owner, plan_id: "main", version: 7, body: JSON.stringify(testSortPlan) };
  await database.kysely.insertInto("sort_plans").values(plan).execute();
}

async function changeOrders(): Promise<void> {
  await putOrders([4]);
  const { orders, shipments, releases } = makeParts(2, { revision: 2, city: "Leipzig" });
  const { kysely } = database;
  const { order_id } = orders;
  await kysely
    .updateTable("orders")
    .set({ body: orders.body, revision: 2 })
    .where("order_id", "=", order_id)
    .execute();
  await kysely
    .updateTable("shipments")
    .set({ body: shipments.body, revision: 2 })
    .where("order_id", "=", order_id)
    .execute();
  await kysely
    .updateTable("releases")
    .set({ parts_hash: releases.parts_hash, revision: 2 })
    .where("order_id", "=", order_id)
    .execute();
  for (const table of ["releases", "shipments", "orders"] as const)
    await kysely.deleteFrom(table).where("order_id", "=", makeParts(3).orders.order_id).execute();
}

test("a recorded Electric and our own cloud leave the same orders behind", async () => {
  const ours = await fetchFromCloud();
  expect(await fetchRecorded()).toEqual(ours);
  expect(ours.orders).toHaveLength(3);
}, 60_000);
