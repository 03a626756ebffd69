import { apiScopeSchema } from "@waystation/shared/model/access";
import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";
import { createCustomerSchema } from "./create-customer.ts";
import { createKeySchema } from "./keys.ts";

const listed = (fields: z.ZodRawShape) => z.looseObject({ items: z.array(z.looseObject(fields)) });

export const customersApi: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/customers",
    summary: "A new customer of a hub.",
    caller: "keys.manage",
    bodies: [{ schema: createCustomerSchema, example: { customerId: "acme", name: "Acme", hubId: "main" } }],
    reply: { status: 201, schema: z.object({ customerId: z.string(), hubId: z.string() }) },
    failures: ["request.invalid", "name.taken"],
  },
  {
    method: "get",
    path: "/v1/customers",
    summary: "Customers within reach.",
    caller: "keys.manage",
    query: { after: { says: "the `next` of the page before" } },
    reply: { schema: listed({ customerId: z.string(), name: z.string(), hubId: z.string() }) },
  },
  {
    method: "post",
    path: "/v1/customers/:customerId/keys",
    summary: "A key for a customer's program; it is in the answer and nowhere else.",
    caller: "keys.manage",
    bodies: [
      { schema: createKeySchema, example: { name: "shop", scopes: ["orders:write"], expiresInDays: 365 } },
    ],
    reply: {
      status: 201,
      schema: z.object({ keyId: z.string(), key: z.string(), expiresAt: z.string().nullable() }),
    },
    failures: ["request.invalid", "resource.unknown"],
  },
  {
    method: "get",
    path: "/v1/customers/:customerId/keys",
    summary: "A customer's keys, without the keys themselves.",
    caller: "keys.manage",
    reply: { schema: listed({ keyId: z.string(), name: z.string(), scopes: z.array(apiScopeSchema) }) },
  },
  {
    method: "post",
    path: "/v1/keys/:keyId/revoke",
    summary: "Ends a key at once.",
    caller: "keys.manage",
    reply: { schema: z.object({ keyId: z.string() }) },
    failures: ["resource.unknown"],
  },
];
