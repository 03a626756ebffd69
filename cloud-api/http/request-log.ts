import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { nameActor } from "../modules/access/principal.ts";
import type { CloudDeps, CloudEnv } from "./cloud-env.ts";
import { setEarly } from "./fixed-headers.ts";
import type { LogFields, LogLevel } from "./logger.ts";

const requestIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;
const notedIds = 20;

/**
 * One line and one measurement per request, when its answer is out. The line says who asked for what and what became
 * of it, by route and ids; headers, query and body are never in it. `x-request-id` is taken over when it is well
 * formed, made up otherwise, and sent back.
 */
export function logRequests(deps: CloudDeps): MiddlewareHandler<CloudEnv> {
  return async (context, next) => {
    const began = performance.now();
    const offered = context.req.header("x-request-id") ?? "";
    const requestId = requestIdPattern.test(offered) ? offered : randomUUID();
    context.set("requestId", requestId);
    const socket = socketOf(context);
    const sentBefore = socket?.incoming.socket.bytesWritten ?? 0;
    // Registered before the handler runs: an answer may be out, or its reader gone, before `next` returns.
    if (socket !== null)
      socket.outgoing.once("close", () =>
        record(deps, context, {
          requestId,
          began,
          aborted: !socket.outgoing.writableFinished,
          bytesOut: socket.incoming.socket.bytesWritten - sentBefore,
        }),
      );
    setEarly(context, "x-request-id", requestId);
    await next();
    // Whoever keeps its connection open shall look for the next cloud instead.
    if (deps.stopping.aborted) context.header("connection", "close");
    if (socket === null) record(deps, context, { requestId, began, aborted: false, bytesOut: 0 });
  };
}

/** What a handler knows and the log should say. Lists are cut; names and addresses do not belong here. */
export function noteForLog(context: Context<CloudEnv>, fields: LogFields): void {
  const noted: { [name: string]: LogFields[string] } = { ...context.get("noted") };
  for (const [name, value] of Object.entries(fields))
    noted[name] = Array.isArray(value) ? value.slice(0, notedIds) : value;
  context.set("noted", noted);
}

/** The pattern that answered, such as `/v1/orders/:orderId/cancel`. */
export function routeOf(context: Context<CloudEnv>): string {
  const routes = matchedRoutes(context);
  const handler = routes.findLast(({ method }) => method !== "ALL") ?? routes.at(-1);
  const path = handler?.path ?? "";
  return path === "" || path === "*" || path === "/*" ? "unmatched" : path;
}

type Ended = {
  readonly requestId: string;
  readonly began: number;
  readonly aborted: boolean;
  readonly bytesOut: number;
};

function record(deps: CloudDeps, context: Context<CloudEnv>, ended: Ended): void {
  const tookMs = performance.now() - ended.began;
  const route = routeOf(context);
  const { method } = context.req;
  const { status } = context.res;
  const refusal = context.get("refusal");
  deps.metrics.countRequest({ route, method, status, seconds: tookMs / 1000 });
  if (refusal !== undefined) deps.metrics.countRefusal(route, refusal);
  const who = context.get("station") ?? context.get("principal");
  deps.logLine({
    level: chooseLevel(route, status),
    event: "request",
    requestId: ended.requestId,
    method: method.slice(0, 10),
    route,
    status,
    ms: Math.round(tookMs * 10) / 10,
    bytesIn: Number(context.req.header("content-length") ?? 0) || 0,
    bytesOut: ended.bytesOut,
    ...(who === undefined ? {} : { actor: nameActor(who) }),
    ...(ended.aborted ? { aborted: true } : {}),
    ...(refusal === undefined ? {} : { refusal }),
    ...context.get("noted"),
  });
}

/** Probes and scrapes come every few seconds and say nothing new. */
const quiet: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);
function chooseLevel(route: string, status: number): LogLevel {
  if (status >= 500 && status !== 503) return "error";
  if (status >= 503) return "warning";
  return quiet.has(route) ? "debug" : "info";
}

type Socket = { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };

/** Null where the app is called without a server. */
function socketOf(context: Context<CloudEnv>): Socket | null {
  const { incoming, outgoing } = (context.env ?? {}) as Partial<Socket>;
  return incoming === undefined || typeof outgoing?.once !== "function" ? null : { incoming, outgoing };
}
