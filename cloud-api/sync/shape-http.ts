import type { ShapeDefinition } from "./shape-definition.ts";
import { mustRefetch } from "./messages.ts";
import type { ParamError, ShapeParams } from "./shape-params.ts";
import type { ShapeAnswer } from "./answer-shape.ts";
import { describeSchema } from "./schema-header.ts";

export type ReplyOptions = {
  /** Seconds that a client may keep an answer from the middle of the log. */
  readonly cacheMaxAgeSeconds: number;
  readonly longPollMs: number;
  /** Of every answer: what stands before it decides who may read it. */
  readonly headers: Readonly<Record<string, string>>;
};

/** The headers that scripts of other origins may read. */
export const exposedHeaders =
  "electric-cursor, electric-handle, electric-has-data, electric-offset, electric-schema, electric-up-to-date, etag, retry-after";

/** One station's rows are nobody else's, so no answer may be kept by a cache that others use. */
export function replyAnswer(
  request: Request,
  params: ShapeParams,
  definition: ShapeDefinition,
  answer: ShapeAnswer & { kind: "messages" | "refetch" },
  options: ReplyOptions,
): Response {
  const common = { ...options.headers, "content-type": "application/json; charset=utf-8" };
  if (answer.kind === "refetch")
    return new Response(mustRefetch, {
      status: 409,
      headers: {
        ...common,
        "electric-handle": answer.handle,
        "cache-control": "private, max-age=60, must-revalidate",
      },
    });
  const etag = makeEtag(params, answer);
  const headers = {
    ...common,
    "cache-control": chooseCaching(params, options.cacheMaxAgeSeconds),
    etag,
    "electric-handle": answer.handle,
    "electric-offset": answer.offset,
    "electric-has-data": String(answer.hasData),
    ...(answer.upToDate ? { "electric-up-to-date": "" } : {}),
    ...(params.live
      ? { "electric-cursor": nextCursor(params.cursor, options.longPollMs) }
      : {
          "electric-schema": describeSchema(
            definition.columns,
            definition.keyColumns.map(({ name }) => name),
          ),
        }),
  };
  if (readEtags(request).includes(etag)) return new Response(null, { status: 304, headers });
  return new Response(answer.body, { status: 200, headers });
}

/** The same question with the same answer; an answer without news is never equal to another. */
function makeEtag(params: ShapeParams, answer: ShapeAnswer & { kind: "messages" }): string {
  const mark = `${answer.handle}:${params.offset}:${answer.offset}`;
  return answer.idle ? `"${mark}:${process.hrtime.bigint()}"` : `"${mark}"`;
}

const readEtags = (request: Request): string[] =>
  (request.headers.get("if-none-match") ?? "").split(",").map((part) => part.trim().replace(/^W\//, ""));

function chooseCaching({ position, live }: ShapeParams, maxAgeSeconds: number): string {
  if (position.kind === "start") return "private, max-age=604800, stale-while-revalidate=2629746";
  if (live) return "private, max-age=5, stale-while-revalidate=5";
  return `private, max-age=${maxAgeSeconds}, stale-while-revalidate=${maxAgeSeconds * 5}`;
}

const cursorEpochSeconds = 1_728_432_000;

/** Equal for everybody within one hold time, and different from what the client had, so that no cache answers. */
export function nextCursor(sent: string, longPollMs: number): string {
  const interval = Math.max(1, Math.ceil(longPollMs / 1000));
  const now = Math.floor(Date.now() / 1000) - cursorEpochSeconds;
  const next = Math.ceil((now + 1) / interval) * interval;
  const before = /^\d{1,15}$/.test(sent) ? Number(sent) : 0;
  return String(next > before ? next : before + 1 + Math.floor(Math.random() * 3600));
}

export const replyInvalid = ({ parameter, message }: ParamError, options: ReplyOptions): Response =>
  replyError(400, { message: "Invalid request", errors: { [parameter]: [message] } }, options);

export function replyError(
  status: number,
  body: Readonly<Record<string, unknown>>,
  { headers }: Pick<ReplyOptions, "headers">,
): Response {
  const retry: Record<string, string> = status === 503 ? { "retry-after": "1" } : {};
  return Response.json(body, { status, headers: { ...headers, ...retry, "cache-control": "no-store" } });
}
