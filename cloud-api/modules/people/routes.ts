import { Hono } from "hono";
import { z } from "zod";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure, replyResult } from "../../http/failure-reply.ts";
import { readInput } from "../../http/read-input.ts";
import { readActor, requirePermission } from "../access/guard.ts";
import { setDisabled } from "./disable-person.ts";
import { entranceRoutes } from "./entrance-routes.ts";
import { inviteAgain, invitePerson, inviteSchema, rolesSchema } from "./invitation.ts";
import { listPeople } from "./list-people.ts";
import { replaceRoles } from "./roles.ts";
import { sessionRoutes } from "./session-routes.ts";

const replaceRolesSchema = z.strictObject({ roles: rolesSchema });

export function peopleRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  routes.route("/", entranceRoutes(deps));
  routes.route("/", sessionRoutes(deps));
  addAdministration(routes, deps);
  return routes;
}

function addAdministration(routes: Hono<CloudEnv>, deps: CloudDeps): void {
  const { kysely } = deps.database;
  const mayManage = requirePermission(deps, "people.manage");
  routes.post("/v1/people", mayManage, async (context) => {
    const input = await readInput(context.req.raw, inviteSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const invited = await invitePerson(kysely, context.get("scope"), readActor(context), input.value);
    return replyResult(context, invited, 201);
  });
  routes.get("/v1/people", mayManage, async (context) => {
    const after = context.req.query("after")?.slice(0, 200) ?? null;
    context.header("cache-control", "no-store");
    return context.json(await listPeople(kysely, context.get("scope"), after));
  });
  routes.post("/v1/people/:personId/invitations", mayManage, async (context) => {
    const { personId } = context.req.param();
    return replyResult(
      context,
      await inviteAgain(kysely, context.get("scope"), readActor(context), personId),
      201,
    );
  });
  routes.put("/v1/people/:personId/roles", mayManage, async (context) => {
    const input = await readInput(context.req.raw, replaceRolesSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const { personId } = context.req.param();
    const { roles } = input.value;
    return replyResult(
      context,
      await replaceRoles(kysely, context.get("scope"), readActor(context), personId, roles),
    );
  });
  for (const [word, isDisabled] of [
    ["disable", true],
    ["enable", false],
  ] as const)
    routes.post(`/v1/people/:personId/${word}`, mayManage, async (context) => {
      const personId = context.req.param("personId") ?? "";
      return replyResult(
        context,
        await setDisabled(kysely, context.get("scope"), readActor(context), personId, isDisabled),
      );
    });
}
