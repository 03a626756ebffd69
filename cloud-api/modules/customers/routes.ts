import { Hono } from "hono";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure, replyResult } from "../../http/failure-reply.ts";
import { readInput } from "../../http/read-input.ts";
import { readActor, requirePermission } from "../access/guard.ts";
import { createCustomer, createCustomerSchema } from "./create-customer.ts";
import { createKey, createKeySchema, listCustomers, listKeys, revokeKey } from "./keys.ts";

/** Customers and the keys their programs come with. */
export function customerRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const { kysely } = deps.database;
  const mayManage = requirePermission(deps, "keys.manage");

  routes.post("/v1/customers", mayManage, async (context) => {
    const input = await readInput(context.req.raw, createCustomerSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const created = await createCustomer(kysely, context.get("scope"), readActor(context), input.value);
    return replyResult(context, created, 201);
  });
  routes.get("/v1/customers", mayManage, async (context) => {
    const after = context.req.query("after")?.slice(0, 64) ?? null;
    context.header("cache-control", "no-store");
    return context.json(await listCustomers(kysely, context.get("scope"), after));
  });
  routes.post("/v1/customers/:customerId/keys", mayManage, async (context) => {
    const input = await readInput(context.req.raw, createKeySchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const customerId = context.req.param("customerId");
    const scope = context.get("scope");
    return replyResult(
      context,
      await createKey(kysely, scope, readActor(context), customerId, input.value),
      201,
    );
  });
  routes.get("/v1/customers/:customerId/keys", mayManage, async (context) => {
    context.header("cache-control", "no-store");
    return context.json(await listKeys(kysely, context.get("scope"), context.req.param("customerId")));
  });
  routes.post("/v1/keys/:keyId/revoke", mayManage, async (context) => {
    const scope = context.get("scope");
    return replyResult(
      context,
      await revokeKey(kysely, scope, readActor(context), context.req.param("keyId")),
    );
  });
  return routes;
}
