import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";

export const backupsApi: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/backups",
    summary: "Takes a backup of the embedded database now.",
    caller: "root",
    reply: { status: 201, schema: z.object({ takenAt: z.iso.datetime().nullable() }) },
    failures: ["command.not-possible"],
  },
];
