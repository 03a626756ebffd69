import { Hono } from "hono";
import { z } from "zod";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure, replyResult } from "../../http/failure-reply.ts";
import { readInput } from "../../http/read-input.ts";
import { readActor, requirePermission } from "../access/guard.ts";
import { eraseByReference, eraseOrder } from "./erase-order.ts";

/** A body rather than a path: references may hold anything. */
export const eraseByReferenceSchema = z.strictObject({ reference: z.string().trim().min(1).max(64) });

export function retentionRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const mayErase = requirePermission(deps, "consignees.erase");

  routes.post("/v1/orders/:orderId/erase", mayErase, async (context) => {
    const orderId = context.req.param("orderId");
    const erased = await eraseOrder(deps.database, context.get("scope"), readActor(context), orderId);
    return replyResult(context, erased);
  });
  routes.post("/v1/erasures", mayErase, async (context) => {
    const input = await readInput(context.req.raw, eraseByReferenceSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const { reference } = input.value;
    const erased = await eraseByReference(deps.database, context.get("scope"), readActor(context), reference);
    return replyResult(context, erased);
  });
  return routes;
}
