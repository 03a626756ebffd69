import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Context, Hono } from "hono";
import { describeCause, fail } from "@waystation/shared/failures/result";
import type { CloudDeps, CloudEnv } from "../http/cloud-env.ts";
import { replyFailure } from "../http/failure-reply.ts";
import { requireStation } from "../modules/access/guard.ts";
import type { ShapeAnswer } from "./answer-shape.ts";
import { holdRequests } from "./held-requests.ts";
import { proxyShape } from "./proxy-electric.ts";
import { defineStationShape, type StationScope, tableOf } from "./shape-definitions.ts";
import { replyAnswer, type ReplyOptions } from "./shape-http.ts";
import { defaultShapeOptions, type ShapeServer, startShapeServer } from "./shape-server.ts";
import { readStationRequest, type StationRequest } from "./station-request.ts";
import { withoutTables } from "./untyped-database.ts";

/** Six shapes of 500 stations, and as many again that are just being replaced. */
const held = { all: 6000, perStation: 16 };

/** The cloud's own tables change their structure with its version only. */
const recallMs = 60_000;
const attempts = 3;

/**
 * A tenth of the protocol's usual size. A client holds a chunk several times over while it parses it, of each of six
 * shapes at once, and a station has little memory; the requests it costs more are cheap.
 */
const stationChunkBytes = 1_000_000;

export function shapeRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const { electricUrl } = deps.config;
  const onError = (error: unknown): void =>
    deps.logLine({ level: "error", event: "shapes", error: describeCause(error) });
  const requests = holdRequests(deps.database, held, onError);
  const openServer = startOnce(() => startOwnServer(deps, onError));
  deps.stopping.addEventListener("abort", requests.stop);
  const answer =
    electricUrl === undefined
      ? async (...asked: Asked) => answerOwn(deps, await openServer(), ...asked)
      : async (...asked: Asked) => answerProxied(deps, ...asked);

  routes.get("/v1/shape", requireStation(deps), async (context) => {
    const request = readStationRequest(new URL(context.req.url).searchParams);
    if (!request.ok) {
      deps.metrics.shapes.answered("refused");
      return replyFailure(context, request.failure);
    }
    const station = context.get("station");
    const entered = requests.enter(station.stationId);
    if (!entered.ok) return replyFailure(context, entered.failure);
    deps.metrics.shapes.held(1);
    try {
      const { signal } = entered.value;
      const ended = AbortSignal.any([deps.stopping, context.req.raw.signal, signal]);
      const response = await answer(context, request.value, station, ended);
      // Revoked while it waited: not even what was found meanwhile is for this station any more.
      return signal.aborted ? replyFailure(context, fail("access.unauthenticated").failure) : response;
    } finally {
      deps.metrics.shapes.held(-1);
      entered.value.leave();
    }
  });
  return routes;
}

type Asked = [
  context: Context<CloudEnv>,
  request: StationRequest,
  station: StationScope,
  signal: AbortSignal,
];

async function startOwnServer(deps: CloudDeps, onError: (error: unknown) => void): Promise<ShapeServer> {
  const { database, config } = deps;
  const server = await startShapeServer(
    { kysely: withoutTables(database.kysely), changes: database.changes },
    {
      ...defaultShapeOptions,
      longPollMs: config.longPollMs,
      chunkBytes: stationChunkBytes,
      // Large snapshots belong on the data's disk; temporary folders are often memory.
      spoolFolder: existsSync(config.dataDir) ? config.dataDir : tmpdir(),
      onError,
      onSpooled: deps.metrics.shapes.spoolBytes,
    },
  );
  const stop = (): void => void server.stop();
  if (deps.stopping.aborted) stop();
  else deps.stopping.addEventListener("abort", stop);
  return server;
}

async function answerOwn(
  deps: CloudDeps,
  server: ShapeServer,
  ...[context, request, station, signal]: Asked
): Promise<Response> {
  const { shape, params } = request;
  const reply: ReplyOptions = {
    cacheMaxAgeSeconds: 60,
    longPollMs: deps.config.longPollMs,
    headers: { vary: "authorization" },
  };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const known = await server.relations.recall(tableOf(shape), attempt === 0 ? recallMs : -1);
    if (known === null) throw new Error(`the table ${shape} is missing`);
    const definition = defineStationShape(shape, known, station, params.replica);
    const answer = await server.answer(definition, { ...params, signal });
    if (answer.kind === "failed") throw new Error("the snapshot failed", { cause: answer.cause });
    if (answer.kind === "outdated") continue;
    deps.metrics.shapes.answered(nameAnswer(request, answer));
    return replyAnswer(context.req.raw, params, definition, answer, reply);
  }
  return replyFailure(context, fail("cloud.busy", { limit: attempts }).failure);
}

function nameAnswer(
  { params }: StationRequest,
  answer: ShapeAnswer,
): "snapshot" | "log" | "live" | "refetch" {
  if (answer.kind === "refetch") return "refetch";
  if (params.live) return "live";
  return params.position.kind === "log" ? "log" : "snapshot";
}

async function answerProxied(
  deps: CloudDeps,
  ...[context, request, station, signal]: Asked
): Promise<Response> {
  const query = new URL(context.req.url).searchParams;
  const proxied = await proxyShape(
    { shape: request.shape, query, station, knownEtag: context.req.header("if-none-match") ?? null },
    deps.config,
    signal,
  );
  deps.metrics.shapes.answered("proxied");
  if (proxied.ok) return proxied.value;
  deps.logLine({ level: "error", event: "electric", error: proxied.failure.cause ?? proxied.failure.code });
  return replyFailure(context, proxied.failure);
}

/** Begun with the first request; a start that failed is tried again with the next one. */
function startOnce<T>(start: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= start().catch((error: unknown) => {
      running = null;
      throw error;
    });
    return running;
  };
}
