import { Hono } from "hono";
import { fail } from "@waystation/shared/failures/result";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { requireRoot } from "../access/guard.ts";
import { postgresHint } from "./postgres-hint.ts";

/**
 * A backup holds every tenant's rows, so only the installation's own token asks for one. No path is taken from
 * outside: the copy goes where all the others go, and whoever may read that folder carries it on.
 */
export function backupRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  routes.post("/v1/backups", requireRoot(deps), async (context) => {
    if (deps.database.backups === null)
      return replyFailure(context, fail("command.not-possible", { reason: postgresHint }).failure);
    const takenAtMs = await deps.takeBackup();
    context.header("cache-control", "no-store");
    return context.json({ takenAt: takenAtMs === null ? null : new Date(takenAtMs).toISOString() }, 201);
  });
  return routes;
}
