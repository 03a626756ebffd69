import { type Context, Hono } from "hono";
import type { ImportReply } from "@waystation/shared/wire/cloud-http";
import { fail } from "@waystation/shared/failures/result";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { createGate } from "../../http/gate.ts";
import { chooseHub } from "../access/choose-hub.ts";
import { recordAudit } from "../access/audit.ts";
import { readActor, requirePermission } from "../access/guard.ts";
import { cancelOrder } from "./cancel-order.ts";
import { importOrders } from "./import-orders.ts";

export function orderRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const gate = createGate({ running: 1, waiting: 10 });

  routes.post("/v1/orders/import", requirePermission(deps, "orders.import"), async (context) => {
    const format = context.req.query("format");
    const { body } = context.req.raw;
    if (format !== "csv" && format !== "json")
      return replyFailure(context, fail("request.invalid", { reason: "format must be csv or json" }).failure);
    if (body === null)
      return replyFailure(context, fail("request.invalid", { reason: "the body is empty" }).failure);
    const scope = context.get("scope");
    const hub = await chooseHub(deps.database.kysely, scope, context.req.query("hub"));
    if (!hub.ok) return replyFailure(context, hub.failure);
    const owner = { tenantId: scope.tenantId, hubId: hub.value, customerId: scope.customerId };
    const reply = await gate(scope.tenantId, () => importOrders(body, { format, owner }, deps));
    if (reply.ok) await auditImport(deps, context, hub.value, reply.value);
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });

  routes.post("/v1/orders/:orderId/cancel", requirePermission(deps, "orders.cancel"), async (context) => {
    const reply = await cancelOrder(
      deps.database,
      context.get("scope"),
      readActor(context),
      context.req.param("orderId"),
    );
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });
  return routes;
}

/** An import is many transactions, so its line is written after them. A customer's own orders are no administration. */
async function auditImport(
  { database }: CloudDeps,
  context: Context<CloudEnv>,
  hubId: string,
  { imported, unchanged, rejectedCount }: ImportReply,
): Promise<void> {
  if (imported === 0 || context.get("principal").kind === "customer") return;
  const details = { imported, unchanged, rejected: rejectedCount };
  await recordAudit(database.kysely, readActor(context), {
    action: "orders.imported",
    subject: `hub ${hubId}`,
    details,
  });
}
