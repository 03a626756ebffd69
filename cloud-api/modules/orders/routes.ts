import { Hono } from "hono";
import { fail } from "@waystation/shared/failures/result";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { createGate } from "../../http/gate.ts";
import { requireAdmin } from "../stations/authenticate.ts";
import { cancelOrder } from "./cancel-order.ts";
import { importOrders } from "./import-orders.ts";

export function orderRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const gate = createGate(1, 10);

  routes.post("/v1/orders/import", requireAdmin(deps), async (context) => {
    const format = context.req.query("format");
    const { body } = context.req.raw;
    if (format !== "csv" && format !== "json")
      return replyFailure(context, fail("request.invalid", { reason: "format must be csv or json" }).failure);
    if (body === null)
      return replyFailure(context, fail("request.invalid", { reason: "the body is empty" }).failure);
    const reply = await gate(() => importOrders(body, { format }, deps));
    deps.requestBackup();
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });

  routes.post("/v1/orders/:orderId/cancel", requireAdmin(deps), async (context) => {
    const reply = await cancelOrder(deps.database, context.req.param("orderId"));
    deps.requestBackup();
    return reply.ok ? context.json(reply.value) : replyFailure(context, reply.failure);
  });
  return routes;
}
