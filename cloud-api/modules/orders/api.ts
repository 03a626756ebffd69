import { importReplySchema } from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";

export const ordersApi: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/orders/import",
    summary: "Orders from a file of any size, read as a stream: bad rows are listed, good ones go in.",
    caller: "orders.import",
    query: {
      format: { says: "csv or json", required: true, example: "csv" },
      hub: { says: "whose orders these are, where whoever asks has several", example: "main" },
    },
    bodies: [
      {
        contentType: "text/csv",
        example: "order id,waybill,channel,weight,name,address,city,country,item\n",
      },
      { contentType: "application/json", description: "an array of orders, or one order per line" },
    ],
    reply: {
      schema: importReplySchema,
      example: {
        read: 2,
        imported: 1,
        unchanged: 0,
        rejected: [{ line: 2, reason: "weight: missing" }],
        rejectedCount: 1,
      },
    },
    failures: ["request.invalid", "orders.file-invalid", "cloud.busy"],
  },
  {
    method: "post",
    path: "/v1/orders/:orderId/cancel",
    summary: "Cancels for good; stations learn it by the next revision. Twice is fine.",
    caller: "orders.cancel",
    reply: { schema: z.object({ revision: z.int() }), example: { revision: 3 } },
    failures: ["resource.unknown"],
  },
];
