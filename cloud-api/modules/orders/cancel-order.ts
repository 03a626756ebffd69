import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { shipmentSchema } from "@waystation/shared/model/order";
import type { Database } from "../../db/connect.ts";
import { parseStoredOrder, saveOrders } from "./save-orders.ts";

/** Cancels for good; stations learn it by the next revision. Cancelling twice is fine. Fails with resource.unknown. */
export function cancelOrder(database: Database, orderId: string): Promise<Result<{ revision: number }>> {
  return database.kysely.transaction().execute(async (tx) => {
    const stored = await tx
      .selectFrom("orders")
      .innerJoin("shipments", "shipments.order_id", "orders.order_id")
      .select(["orders.body as orderBody", "shipments.body as shipmentBody"])
      .where("orders.order_id", "=", orderId)
      .executeTakeFirst();
    if (stored === undefined) return fail("resource.unknown", { path: `orders/${orderId}` });
    const order = { ...parseStoredOrder(stored.orderBody), status: "cancelled" as const };
    const { label } = shipmentSchema.parse(JSON.parse(stored.shipmentBody));
    await saveOrders(tx, [{ line: 0, order, label }]);
    const { revision } = await tx
      .selectFrom("orders")
      .select("revision")
      .where("order_id", "=", orderId)
      .executeTakeFirstOrThrow();
    return succeed({ revision });
  });
}
