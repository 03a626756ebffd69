import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";

const healthSchema = z.object({ status: z.literal("ok"), wireVersions: z.array(z.int()) });

export const healthApi: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/livez",
    summary: "The process runs.",
    caller: "anyone",
    reply: { schema: healthSchema, example: { status: "ok", wireVersions: [1, 2] } },
  },
  {
    method: "get",
    path: "/readyz",
    summary:
      "Requests may be sent here: database, schema, disk. From inside with schema, free disk and age of the backup.",
    caller: "anyone",
    reply: {
      schema: healthSchema.extend({
        schema: z.string().optional(),
        diskFreeBytes: z.int().nullable().optional(),
        backupAgeSeconds: z.int().nullable().optional(),
      }),
    },
    failures: ["cloud.stopping", "database.unreachable", "database.newer", "store.full"],
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Measurements as Prometheus reads them.",
    caller: "inside",
    reply: { contentType: "text/plain", example: "waystation_ingest_facts_total 224000" },
  },
];
