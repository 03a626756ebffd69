import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Channel } from "@waystation/shared/model/channel";
import type { Order, Shipment } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import type { SortPlan } from "@waystation/shared/model/sort-plan";
import type { LaneProfile } from "@waystation/shared/session/state";
import { createCore } from "../../engine/core/core.ts";
import { openReplica } from "../../engine/core/open-database.ts";
import { openOrderLookup } from "../../engine/core/order-lookup.ts";
import { openStore, type StoreSources, systemSources } from "../../engine/core/store.ts";
import { prepareOrders } from "../../engine/replica/orders-schema.ts";
import { createShapeWriter, type ShapeWriter } from "../../engine/replica/shape-writer.ts";

/** A core with real files and no threads: time is what the test says. */

export const testChannel: Channel = {
  code: "PKT",
  version: 3,
  name: "Packet",
  carrier: "post",
  weightTolerance: { absoluteGrams: 50, percent: 20 },
  sizeTolerance: { absoluteMillimetres: 20, percent: 10 },
  countries: ["DE", "FR"],
  minimumWeightGrams: 0,
  maximumWeightGrams: 2000,
  maximumSideMillimetres: 600,
  maximumSidesSumMillimetres: 900,
  bands: [],
};

export const testSortPlan: SortPlan = {
  planId: "main",
  version: 7,
  rows: [
    { priority: 10, country: "DE", chute: 3 },
    { priority: 20, channelCode: "PKT", chute: 4 },
  ],
  rejectChute: 99,
  interceptChute: 98,
};

export function testOrder(number: number, changes: Partial<Order> = {}): Order {
  return {
    orderId: `order-${number}`,
    waybill: `WS${String(number).padStart(10, "0")}`,
    trackingNumber: `YT${String(number).padStart(16, "0")}`,
    channelCode: "PKT",
    status: "ready",
    declaredWeightGrams: 200,
    declaredSize: { lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 },
    consignee: {
      name: "A. Muster",
      street1: "Hauptstr. 1",
      city: "Berlin",
      postcode: "10115",
      country: "DE",
    },
    items: [{ description: "cotton shirt", quantity: 1, valueMinor: 999, currency: "EUR" }],
    ...changes,
  };
}

export const testBelt: LaneProfile = {
  laneId: "belt",
  kind: "belt",
  steps: ["weigh", "measure", "label", "divert"],
  devices: { dimensioner: "dws", sorter: "sorter", printer: "printer" },
  decideWithinMs: 3000,
  labelWithinMs: 4000,
  divertWithinMs: 2000,
  confirmWithinMs: 10_000,
  weighAgainMs: 1000,
  maxInFlight: 16,
  windows: {
    scan: { fromMs: 100, toMs: 1000 },
    weight: { fromMs: 100, toMs: 1000 },
    size: { fromMs: 100, toMs: 1000 },
  },
};

export const testBench: LaneProfile = {
  ...testBelt,
  laneId: "bench",
  kind: "bench",
  steps: ["weigh", "label"],
  devices: { scanner: "scanner", scale: "scale", printer: "printer" },
};

/** The channel and the sort plan of these tests, as they come down from the cloud. */
export function fillSettings(writer: ShapeWriter): void {
  const position = { handle: "h-1", offset: "0_1" };
  writer.apply(
    "channels",
    [{ operation: "insert", row: { code: "PKT", version: "3", body: JSON.stringify(testChannel) } }],
    position,
    true,
  );
  writer.apply(
    "sort_plans",
    [{ operation: "insert", row: { plan_id: "main", version: "7", body: JSON.stringify(testSortPlan) } }],
    position,
    true,
  );
}

export function fillOrders(
  writer: ShapeWriter,
  orders: readonly Order[],
  label: Shipment["label"] = { kind: "house" },
): void {
  const position = { handle: "h-1", offset: "0_1" };
  const parts = orders.map((order) => ({
    order,
    orderBody: JSON.stringify(order),
    shipmentBody: JSON.stringify({ orderId: order.orderId, label }),
  }));
  const insert = (row: Record<string, string>) => ({ operation: "insert" as const, row });
  writer.apply(
    "orders",
    parts.map(({ order, orderBody }) => insert({ order_id: order.orderId, revision: "1", body: orderBody })),
    position,
    false,
  );
  writer.apply(
    "shipments",
    parts.map(({ order, shipmentBody }) =>
      insert({ order_id: order.orderId, revision: "1", body: shipmentBody }),
    ),
    position,
    false,
  );
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  writer.apply(
    "releases",
    parts.map(({ order, orderBody, shipmentBody }) =>
      insert({
        order_id: order.orderId,
        revision: "1",
        parts_hash: hash(releaseText(orderBody, shipmentBody)),
      }),
    ),
    position,
    true,
  );
}

export function openStationBench(
  options: {
    readonly lanes?: readonly LaneProfile[];
    readonly orders?: readonly Order[];
    readonly dir?: string;
    /** The wall clock and the ids of the facts; the lanes go by the time the test says. */
    readonly sources?: StoreSources;
  } = {},
) {
  const sources = options.sources ?? systemSources();
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "waystation-core-"));
  const ordersPath = join(dir, "orders.db");
  const factsPath = join(dir, "facts.db");
  const replica = openReplica(ordersPath);
  prepareOrders(replica);
  const writer = createShapeWriter(replica);
  fillSettings(writer);
  fillOrders(writer, options.orders ?? Array.from({ length: 20 }, (_, index) => testOrder(index + 1)));
  let atMs = 1_000_000;
  const lookup = openOrderLookup(ordersPath, 99);
  const store = openStore(factsPath, "station-1", sources);
  const core = createCore({
    store,
    orders: lookup,
    lanes: options.lanes ?? [testBelt, testBench],
    appVersion: "test",
    nowMs: () => atMs,
    mintId: sources.mintId,
  });
  return {
    dir,
    factsPath,
    ordersPath,
    store,
    core,
    writer,
    now: () => atMs,
    advance(byMs: number): void {
      atMs += byMs;
    },
    close: () => {
      store.close();
      lookup.close();
      replica.close();
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
