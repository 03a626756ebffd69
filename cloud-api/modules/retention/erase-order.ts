import type { Transaction } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { orderSchema } from "@waystation/shared/model/order";
import type { Database } from "../../db/connect.ts";
import type { CloudTables } from "../../db/tables.ts";
import { type Actor, recordAudit } from "../access/audit.ts";
import type { Scope } from "../access/principal.ts";
import { findByReference, lockOrder, type StoredOrder, writeErased } from "./queries.ts";
import { stripOrder } from "./strip-order.ts";

/**
 * Takes the consignee out of one finished order, for good; stations lose the name with the next revision. Erasing
 * twice is fine. Fails with orders.open, or resource.unknown, also for what lies outside the scope.
 */
export function eraseOrder(
  { kysely }: Database,
  scope: Scope,
  actor: Actor,
  orderId: string,
): Promise<Result<{ readonly erased: number }>> {
  return kysely.transaction().execute(async (tx) => {
    const stored = await lockOrder(tx, scope, orderId);
    if (stored === null) return fail("resource.unknown", { path: `orders/${orderId.slice(0, 64)}` });
    if (!stored.isFinished) return fail("orders.open", { orderId });
    if (stored.isErased) return succeed({ erased: 0 });
    await eraseBatch(tx, [stored]);
    await recordAudit(tx, actor, { action: "consignee.erased", subject: `order ${orderId}` });
    return succeed({ erased: 1 });
  });
}

const mostByReference = 100;

export type ErasedByReference = {
  readonly erased: number;
  /** Orders with this reference that are under way still. */
  readonly open: readonly string[];
};

/** The same for every order that bears a customer's reference. Fails with resource.unknown when there is none. */
export async function eraseByReference(
  database: Database,
  scope: Scope,
  actor: Actor,
  reference: string,
): Promise<Result<ErasedByReference>> {
  const orderIds = await findByReference(database.kysely, scope, reference, mostByReference);
  if (orderIds.length === 0) return fail("resource.unknown", { path: "orders with this reference" });
  let erased = 0;
  const open: string[] = [];
  for (const orderId of orderIds) {
    const one = await eraseOrder(database, scope, actor, orderId);
    if (one.ok) erased += one.value.erased;
    else if (one.failure.code === "orders.open") open.push(orderId);
    else return one;
  }
  return succeed({ erased, open });
}

export const eraseBatch = (tx: Transaction<CloudTables>, orders: readonly StoredOrder[]): Promise<void> =>
  writeErased(
    tx,
    orders.map(({ tenantId, orderId, body }) => ({
      tenantId,
      orderId,
      ...stripOrder(orderSchema.parse(JSON.parse(body))),
    })),
  );
