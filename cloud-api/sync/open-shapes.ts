import { timingSafeEqual, createHash } from "node:crypto";
import { Hono } from "hono";
import type { Secret } from "../config/secret.ts";
import { isConditionError, isLockTimeout, isMissing } from "./database-errors.ts";
import { createOpenDefinitions, describeStatementError } from "./open-definition.ts";
import { exposedHeaders, replyAnswer, replyError, replyInvalid, type ReplyOptions } from "./shape-http.ts";
import { readShapeParams, type ShapeParams } from "./shape-params.ts";
import type { ShapeDatabase, ShapeServer } from "./shape-server.ts";
import { readHandle } from "./snapshots.ts";

export type OpenShapesOptions = {
  /** Null: whoever reaches the port may read every table. */
  readonly token: Secret | null;
  readonly cacheMaxAgeSeconds: number;
  readonly longPollMs: number;
  readonly maximumHeld: number;
  /** Ends held requests when the server stops. */
  readonly stopping: AbortSignal;
  readonly onError: (error: unknown) => void;
};

const methods = "GET, HEAD, OPTIONS, DELETE";
/** A table that changes between looking and reading is looked at again; one that never rests is left. */
const attempts = 4;

/** Any table of a database as a shape: `waystation shapes serve`. */
export function openShapeRoutes(
  database: ShapeDatabase,
  server: ShapeServer,
  options: OpenShapesOptions,
): Hono {
  const define = createOpenDefinitions(database.kysely, server.relations);
  const isOpen = options.token === null;
  const headers: Record<string, string> = isOpen
    ? {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": methods,
        "access-control-expose-headers": exposedHeaders,
      }
    : { vary: "authorization" };
  const reply: ReplyOptions = { ...options, headers };
  let held = 0;

  async function serve(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    const params = readShapeParams(query);
    if (!params.ok) return replyInvalid(params.error, reply);
    const signal = AbortSignal.any([options.stopping, request.signal]);
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const fresh = attempt > 0 || params.value.position.kind === "start";
      const answered = await tryAnswer(request, query, { params: params.value, fresh, signal });
      if (answered !== null) return answered;
    }
    return replyError(503, { message: "the table keeps changing its structure" }, reply);
  }

  /** Null when the table changed between looking at it and reading it. */
  async function tryAnswer(
    request: Request,
    query: URLSearchParams,
    { params, fresh, signal }: { params: ShapeParams; fresh: boolean; signal: AbortSignal },
  ): Promise<Response | null> {
    try {
      const definition = await define(query, params.replica, fresh);
      if (!definition.ok) return replyInvalid(definition.error, reply);
      const answer = await server.answer(definition.value, { ...params, signal });
      if (answer.kind === "failed") throw answer.cause;
      return answer.kind === "outdated"
        ? null
        : replyAnswer(request, params, definition.value, answer, reply);
    } catch (error) {
      if (isMissing(error)) return null;
      if (query.has("where") && isConditionError(error))
        return replyInvalid(
          { parameter: "where", message: describeStatementError(error), feature: null },
          reply,
        );
      throw error;
    }
  }

  async function remove(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    const handle = query.get("handle");
    if (handle !== null) {
      const known = readHandle(handle);
      if (known === null) return replyError(404, { message: "Shape not found" }, reply);
      server.forget(known.hash);
    } else {
      const definition = await define(query, query.get("replica") === "full" ? "full" : "default", true);
      if (!definition.ok) return replyInvalid(definition.error, reply);
      server.forget(definition.value.hash);
    }
    return new Response(null, { status: 202, headers: { ...headers, "cache-control": "no-cache" } });
  }

  const guarded = async (
    request: Request,
    answer: (request: Request) => Promise<Response>,
  ): Promise<Response> => {
    if (!isAllowed(request, options.token)) return replyError(401, { message: "Unauthorized" }, reply);
    if (held >= options.maximumHeld)
      return replyError(503, { message: "too many requests are waiting" }, reply);
    held += 1;
    try {
      return await answer(request);
    } catch (error) {
      return replyTrouble(error, reply, options.onError);
    } finally {
      held -= 1;
    }
  };

  const app = new Hono();
  app.get("/", () => new Response("", { headers }));
  app.get("/v1/health", () =>
    Response.json({ status: "active" }, { headers: { ...headers, "cache-control": "no-store" } }),
  );
  app.get("/v1/shape", (context) => guarded(context.req.raw, serve));
  if (isOpen) app.delete("/v1/shape", (context) => guarded(context.req.raw, remove));
  app.options(
    "*",
    () =>
      new Response(null, {
        status: 204,
        headers: { ...headers, ...(isOpen ? { "access-control-allow-headers": "*" } : {}) },
      }),
  );
  app.notFound(() => new Response("Not found", { status: 404, headers }));
  return app;
}

function isAllowed(request: Request, token: Secret | null): boolean {
  if (token === null) return true;
  const given = /^bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token.reveal()));
}

function replyTrouble(error: unknown, reply: ReplyOptions, onError: (error: unknown) => void): Response {
  if (isLockTimeout(error))
    return replyError(503, { message: "Snapshot timed out while waiting for a table lock" }, reply);
  onError(error);
  return replyError(503, { message: "the database does not answer" }, reply);
}
