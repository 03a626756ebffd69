import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Transport, TransportEvents } from "./transport.ts";

export type HttpPushSettings = {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly token?: string | undefined;
};

/** A telegram is a few hundred bytes; whoever sends more, or takes longer, is no gate. */
const limits = { bodyBytes: 16_384, headerBytes: 8192, connections: 16, requestMs: 10_000 };
/** Ends the body for framers that wait for a line's end; the others see an empty gap. */
const lineEnd = Uint8Array.of(0x0d, 0x0a);

/**
 * A small HTTP endpoint for gates that post their telegrams. Open while it listens: whether anybody posts is not
 * known. The answer goes out after the bytes were handed on, so a gate that repeats unanswered posts loses none.
 */
export function createHttpPushTransport(settings: HttpPushSettings): Transport {
  const address = `${settings.host}:${settings.port}`;
  let events: TransportEvents | null = null;
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      const refusal = judgeRequest(request, settings);
      if (refusal !== null) return answer(request, response, refusal);
      collectBody(request, (body) => {
        if (body === null) return answer(request, response, 413);
        if (body.length === 0) return answer(request, response, 400);
        if (events === null) return answer(request, response, 503);
        events.onData(Buffer.concat([body, lineEnd]));
        answer(request, response, 200);
      });
    },
  );
  server.maxConnections = limits.connections;

  const open = (listener: TransportEvents) =>
    new Promise<Result<null>>((resolve) => {
      const lose = (cause: unknown) => {
        const lost = fail("device.disconnected", { address }, cause);
        const opened = events;
        events = null;
        if (opened) opened.onClose(lost.failure);
        else resolve(lost);
      };
      server.on("error", lose);
      server.on("close", () => lose("closed"));
      server.listen(settings.port, settings.host, () => {
        events = listener;
        resolve(succeed(null));
      });
    });

  return {
    open,
    write: () => fail("device.disconnected", { address }, "a gate that posts has no way back"),
    bufferedBytes: () => 0,
    close: async () => {
      events = null;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The status to refuse with, null for a post that may be read. */
function judgeRequest(request: IncomingMessage, settings: HttpPushSettings): number | null {
  const { headers } = request;
  if (settings.token !== undefined && !bearsToken(headers.authorization, settings.token)) return 401;
  // browsers name the page a request comes from: no page may feed measurements to its own machine
  if (headers.origin !== undefined) return 403;
  if (request.url?.split("?")[0] !== settings.path) return 404;
  if (request.method !== "POST") return 405;
  if ((headers["content-encoding"] ?? "identity") !== "identity") return 415;
  return Number(headers["content-length"] ?? 0) > limits.bodyBytes ? 413 : null;
}

/** Compared as hashes: the time taken tells neither length nor beginning of the token. */
function bearsToken(header: string | undefined, token: string): boolean {
  const given = /^bearer +(.+)$/i.exec(header ?? "")?.[1] ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** Null past the limit. A request that breaks off is never told: half a body is no telegram. */
function collectBody(request: IncomingMessage, onBody: (body: Buffer | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on("error", () => undefined);
  request.on("data", (chunk: Buffer) => {
    if (bytes > limits.bodyBytes) return;
    bytes += chunk.length;
    if (bytes > limits.bodyBytes) onBody(null);
    else chunks.push(chunk);
  });
  request.on("end", () => {
    if (bytes <= limits.bodyBytes) onBody(Buffer.concat(chunks));
  });
}

/** One answer per request; after a refusal the connection ends with it, whatever is still to come. */
function answer(request: IncomingMessage, response: ServerResponse, status: number): void {
  const isRefused = status !== 200;
  response.writeHead(status, {
    "content-type": "application/json",
    ...(isRefused ? { connection: "close" } : {}),
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(status === 405 ? { allow: "POST" } : {}),
  });
  response.end(JSON.stringify({ ok: !isRefused }));
  if (isRefused) request.resume();
}
