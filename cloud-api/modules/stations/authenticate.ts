import type { MiddlewareHandler } from "hono";
import type { Kysely } from "kysely";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudTables } from "../../db/tables.ts";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure } from "../../http/failure-reply.ts";
import { hashToken, isSameToken, readBearer } from "./tokens.ts";

/** The station a token belongs to. The index is searched by a hash, which tells an attacker's clock nothing. */
export async function findStation(
  kysely: Kysely<CloudTables>,
  authorization: string | undefined,
): Promise<Result<string>> {
  const token = readBearer(authorization);
  if (token === null) return fail("access.unauthenticated");
  const row = await kysely
    .selectFrom("stations")
    .select("station_id")
    .where("token_hash", "=", hashToken(token))
    .executeTakeFirst();
  return row === undefined ? fail("access.unauthenticated") : succeed(row.station_id);
}

/** Lets a station through, and only to paths under its own id. */
export function requireStation({ database }: CloudDeps): MiddlewareHandler<CloudEnv> {
  return async (context, next) => {
    const station = await findStation(database.kysely, context.req.header("authorization"));
    if (!station.ok) return replyFailure(context, station.failure);
    const named = context.req.param("stationId");
    if (named !== undefined && named !== station.value)
      return replyFailure(context, fail("access.forbidden").failure);
    context.set("stationId", station.value);
    return next();
  };
}

export function requireAdmin({ config }: CloudDeps): MiddlewareHandler<CloudEnv> {
  return async (context, next) => {
    const token = readBearer(context.req.header("authorization"));
    const known = token !== null && isSameToken(token, config.adminToken.reveal());
    return known ? next() : replyFailure(context, fail("access.unauthenticated").failure);
  };
}
