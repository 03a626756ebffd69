import type { MiddlewareHandler } from "hono";
import type { CloudDeps, CloudEnv } from "./cloud-env.ts";

/** What stations send all day. Of facts the stations keep a copy until they are durable; the rest is made anew. */
const stationTraffic = /^\/v1\/stations\/[^/]+\/(facts|reports?|challenges|tokens)$/;

/** Whatever people and customers change is copied to synced storage soon: nobody would send it again. */
export const backUpChanges =
  ({ requestBackup }: Pick<CloudDeps, "requestBackup">): MiddlewareHandler<CloudEnv> =>
  async (context, next) => {
    await next();
    const { method, path } = context.req;
    if (method !== "GET" && method !== "HEAD" && context.res.ok && !stationTraffic.test(path))
      requestBackup();
  };
