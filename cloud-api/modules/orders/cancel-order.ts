import { sql } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { shipmentSchema } from "@waystation/shared/model/order";
import type { Database } from "../../db/connect.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import { inOrderScope } from "../access/in-scope.ts";
import type { Scope } from "../access/principal.ts";
import { type OrderOwner, parseStoredOrder, saveOrders } from "./save-orders.ts";

type Stored = OrderOwner & { readonly orderBody: string; readonly shipmentBody: string };

/**
 * Cancels for good; stations learn it by the next revision. Cancelling twice is fine. Fails with resource.unknown,
 * also for an order outside the scope: nobody learns that it exists.
 */
export function cancelOrder(
  database: Database,
  scope: Scope,
  actor: Actor,
  orderId: string,
): Promise<Result<{ revision: number }>> {
  return database.kysely.transaction().execute(async (tx) => {
    const { rows } = await sql<Stored>`
      select o.body as "orderBody", s.body as "shipmentBody", o.tenant_id as "tenantId", o.hub_id as "hubId",
        o.customer_id as "customerId"
      from orders o join shipments s using (tenant_id, order_id)
      where o.order_id = ${orderId} and ${inOrderScope(scope, "o")}`.execute(tx);
    const [stored] = rows;
    if (stored === undefined) return fail("resource.unknown", { path: `orders/${orderId}` });
    const order = { ...parseStoredOrder(stored.orderBody), status: "cancelled" as const };
    const { label } = shipmentSchema.parse(JSON.parse(stored.shipmentBody));
    await saveOrders(tx, stored, [{ line: 0, order, label }]);
    const { revision } = await tx
      .selectFrom("orders")
      .select("revision")
      .where("tenant_id", "=", stored.tenantId)
      .where("order_id", "=", orderId)
      .executeTakeFirstOrThrow();
    await recordAudit(tx, actor, { action: "order.cancelled", subject: `order ${orderId}` });
    return succeed({ revision });
  });
}
