import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";
import { eraseByReferenceSchema } from "./routes.ts";

export const retentionApi: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/orders/:orderId/erase",
    summary:
      "Takes the consignee out of a finished or cancelled order, for good; `erased` is 0 the second time.",
    caller: "consignees.erase",
    reply: { schema: z.object({ erased: z.int() }), example: { erased: 1 } },
    failures: ["orders.open", "resource.unknown"],
  },
  {
    method: "post",
    path: "/v1/erasures",
    summary: "The same for every order that bears a reference; `open` names those that are under way still.",
    caller: "consignees.erase",
    bodies: [{ schema: eraseByReferenceSchema, example: { reference: "PO-4711" } }],
    reply: {
      schema: z.object({ erased: z.int(), open: z.array(z.string()) }),
      example: { erased: 2, open: [] },
    },
    failures: ["request.invalid", "resource.unknown"],
  },
];
