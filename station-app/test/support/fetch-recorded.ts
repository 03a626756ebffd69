import { stationShapes } from "@waystation/shared/wire/cloud-http";
import { expect } from "vitest";
import { openReadOnly } from "../../engine/core/open-database.ts";
import { waitUntil } from "../durability/child-process.ts";
import { followInFolder } from "./follow-scripted.ts";
import { replayElectric } from "./replay-electric.ts";

const tables = [
  "orders",
  "labels",
  "identifiers",
  "releases",
  "pending_orders",
  "pending_shipments",
  "channels",
  "sort_plans",
];

/** Everything the station has, without where each stream stands. */
export function readOrders(path: string): Record<string, unknown[]> {
  const db = openReadOnly(path);
  const rows = tables.map((table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]);
  db.close();
  return Object.fromEntries(rows) as Record<string, unknown[]>;
}

const countWaiting = (path: string): number => {
  const { pending_orders: orders = [], pending_shipments: shipments = [] } = readOrders(path);
  return orders.length + shipments.length;
};

/** A recorded Electric: chunks, a live transaction, an empty poll, deletes, a column added and a table truncated. */
export async function fetchRecorded(): Promise<Record<string, unknown[]>> {
  const electric = await replayElectric(stationShapes);
  const station = await followInFolder(electric.url);
  try {
    await waitUntil(
      () => electric.left() === 0 && station.lookup.findChannel("PKT")?.version === 4,
      () => `the end: ${electric.left()} left`,
    );
    await waitUntil(
      () => station.cityOf(2) === "Leipzig" && station.find(3) === undefined,
      "the last change",
    );
    await waitUntil(() => station.lookup.sortPlan().version === 7, "the plan");
    await waitUntil(() => countWaiting(station.replica.path()) === 0, "the last part of the order that went");
    expect(electric.unexpected).toEqual([]);
    expect(station.acknowledged).toEqual([{ logId: "log-1", receivedThrough: 41, durableThrough: 40 }]);
    return readOrders(station.replica.path());
  } finally {
    station.stop();
    station.remove();
    await electric.close();
  }
}
