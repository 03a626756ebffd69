import type { CloudDeps } from "../../http/cloud-env.ts";
import { recordAudit } from "../access/audit.ts";
import { eraseBatch } from "./erase-order.ts";
import { lockExpired } from "./queries.ts";

const batchOrders = 200;

/**
 * The daily job: erases consignees of orders that ended long enough ago, a few at a time, so that imports and uploads
 * go on in between. Two clouds on one database skip each other's batches.
 */
export async function eraseExpired(deps: CloudDeps, signal: AbortSignal): Promise<void> {
  const days = deps.config.retentionDays;
  if (days === 0) return;
  let erased = 0;
  let found = batchOrders;
  while (found === batchOrders && !signal.aborted) {
    found = await eraseSome(deps, days);
    erased += found;
  }
  if (erased === 0) return;
  deps.requestBackup();
  deps.logLine({ level: "info", event: "consignees erased", orders: erased, olderThanDays: days });
}

function eraseSome({ database }: CloudDeps, days: number): Promise<number> {
  return database.kysely.transaction().execute(async (tx) => {
    const expired = await lockExpired(tx, days, batchOrders);
    if (expired.length === 0) return 0;
    await eraseBatch(tx, expired);
    const counts = Map.groupBy(expired, ({ tenantId }) => tenantId);
    for (const [tenantId, orders] of counts)
      await recordAudit(
        tx,
        { tenantId, name: "job retention", requestId: null },
        {
          action: "consignee.erased",
          subject: "expired orders",
          details: { orders: orders.length, olderThanDays: days },
        },
      );
    return expired.length;
  });
}
