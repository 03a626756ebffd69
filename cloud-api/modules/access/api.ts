import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";
import type { AuditView } from "./audit.ts";

const auditSchema: z.ZodType<AuditView> = z.object({
  auditId: z.int(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  details: z.unknown(),
  requestId: z.string().nullable(),
});

export const accessApi: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/v1/console/audit",
    summary: "Who did what to whom, newest first.",
    caller: "audit.read",
    query: { after: { says: "the `next` of the page before" } },
    reply: { schema: z.object({ items: z.array(auditSchema), next: z.string().nullable() }) },
  },
];
