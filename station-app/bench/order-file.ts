import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { releaseText } from "@waystation/shared/model/release";
import type { Sqlite } from "../engine/core/open-database.ts";
import { openReplica } from "../engine/core/open-database.ts";
import { prepareOrders } from "../engine/replica/orders-schema.ts";
import { createShapeWriter } from "../engine/replica/shape-writer.ts";
import { fillSettings, testOrder } from "../test/support/station-bench.ts";

export const waybillOf = (number: number): string => `WS${String(number).padStart(10, "0")}`;

/**
 * orders.db in `dir` with `count` visible orders, as the replica would have left it, written straight into its
 * tables: the way through the shapes takes minutes for a million. Written once per folder.
 */
export function writeOrderFile(dir: string, count: number): void {
  const path = join(dir, "orders.db");
  if (existsSync(path)) return;
  const db = openReplica(path);
  prepareOrders(db);
  fillSettings(createShapeWriter(db));
  db.pragma("synchronous = OFF");
  db.transaction(() => writeOrders(db, count))();
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}

function writeOrders(db: Sqlite, count: number): void {
  // Keys padded, so that every index grows at its end.
  const orderIdOf = (number: number): string => `order-${String(number).padStart(8, "0")}`;
  const order = db.prepare("INSERT INTO orders VALUES (?, 1, ?, 'house', ?)");
  const label = db.prepare("INSERT INTO labels VALUES (?, ?)");
  const release = db.prepare("INSERT INTO releases VALUES (?, 1, ?)");
  for (let number = 1; number <= count; number += 1) {
    const orderId = orderIdOf(number);
    const orderBody = JSON.stringify(testOrder(number, { orderId }));
    const shipmentBody = JSON.stringify({ orderId, label: { kind: "house" } });
    const partsHash = hash("sha256", releaseText(orderBody, shipmentBody));
    order.run(orderId, partsHash, orderBody);
    label.run(orderId, shipmentBody);
    release.run(orderId, partsHash);
  }
  const identifier = db.prepare("INSERT INTO identifiers VALUES (?, ?)");
  for (let number = 1; number <= count; number += 1) identifier.run(waybillOf(number), orderIdOf(number));
  for (let number = 1; number <= count; number += 1)
    identifier.run(testOrder(number).trackingNumber, orderIdOf(number));
}
