import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { implement, ORPCError, type Router } from "@orpc/server";
import { RPCHandler } from "@orpc/server/ws";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import {
  socketPath,
  socketProtocol,
  socketTokenPrefix,
  socketTokenRefused,
} from "@waystation/shared/wire/shell-bridge";
import { type StationContract, stationContract } from "@waystation/shared/wire/station-ipc";
import { type WebSocket, WebSocketServer } from "ws";
import {
  fromMessagePort,
  fromWebSocket,
  maxMessageBytes,
  type PeerSocket,
  type ScreenPort,
} from "./screen-connection.ts";
import { refuse, serveScreenFile } from "./screen-files.ts";

/** Start of every implementation: `stationProcedures.router({ station: {...}, lane: {...} })`. */
export const stationProcedures = implement(stationContract);
export type StationRouter = Router<StationContract, Record<never, never>>;

export type StationRpcOptions = {
  readonly router: StationRouter;
  /** Loopback HTTP and WebSocket for a browser; left out inside the desktop shell. */
  readonly http?: {
    /** 0 lets the system choose. */
    readonly port: number;
    /** Fresh for every launch; letters, digits, "-" and "_". */
    readonly token: string;
    /** The built screen (`station-app/dist/renderer`). */
    readonly staticDir: string;
    /** Origins besides this server's own, such as a development server's. */
    readonly allowedOrigins?: readonly string[];
  };
  readonly limits?: Partial<typeof defaultLimits>;
};

export type StationRpc = {
  /** The page with its token behind the `#`, which no server and no log sees; null without `http`. */
  readonly url: string | null;
  /** Serves the contract on a port the shell handed over. */
  readonly attachPort: (port: ScreenPort) => void;
  readonly close: () => Promise<void>;
};

const defaultLimits = {
  sockets: 16,
  ports: 8,
  /** Calls one screen may have under way at once. */
  callsUnderWay: 32,
  silentPortMs: 90_000,
};

type CallContext = { readonly screen: { callsUnderWay: number } };

/** Failures: `port.in-use`; `config.invalid` when the address cannot be had for another reason. */
export async function serveStationRpc(options: StationRpcOptions): Promise<Result<StationRpc>> {
  const limits = { ...defaultLimits, ...options.limits };
  const handler = new RPCHandler<CallContext>(options.router, {
    interceptors: [({ next, context }) => countCall(context.screen, limits.callsUnderWay, next)],
  });
  const serve = (socket: PeerSocket) =>
    void handler.upgrade(socket, { context: { screen: { callsUnderWay: 0 } } });

  const ports = new Set<() => void>();
  let closed = false;
  const attachPort = (port: ScreenPort) => {
    if (closed) return port.close();
    const connection = fromMessagePort(port, limits.silentPortMs);
    connection.socket.addEventListener("close", () => ports.delete(connection.close));
    ports.add(connection.close);
    serve(connection.socket);
    port.start();
    // A reloaded window asks again before its old port is seen closing: the newest stay.
    const [oldest] = ports;
    if (ports.size > limits.ports) oldest?.();
  };
  const closePorts = () => {
    for (const close of [...ports]) close();
  };

  const listening =
    options.http === undefined ? null : await listenForScreens(options.http, limits.sockets, serve);
  if (listening?.ok === false) return listening;
  return succeed({
    url: listening?.value.url ?? null,
    attachPort,
    close: async () => {
      closed = true;
      closePorts();
      await listening?.value.close();
    },
  });
}

async function countCall<T>(
  screen: CallContext["screen"],
  limit: number,
  next: () => Promise<T>,
): Promise<T> {
  if (screen.callsUnderWay >= limit) throw new ORPCError("TOO_MANY_REQUESTS");
  screen.callsUnderWay += 1;
  try {
    return await next();
  } finally {
    screen.callsUnderWay -= 1;
  }
}

type HttpOptions = NonNullable<StationRpcOptions["http"]>;

async function listenForScreens(
  options: HttpOptions,
  maxSockets: number,
  serve: (socket: PeerSocket) => void,
): Promise<Result<{ url: string; close: () => Promise<void> }>> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    // Never echo the token: a subprotocol is a response header.
    handleProtocols: (offered) => (offered.has(socketProtocol) ? socketProtocol : false),
  });
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 8192 });
  server.maxConnections = maxSockets * 4;

  const listened = await listen(server, options.port);
  if (!listened.ok) return listened;
  const port = listened.value;
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  const origins = new Set([...[...hosts].map((host) => `http://${host}`), ...(options.allowedOrigins ?? [])]);

  server.on("request", (request, response) => {
    // A page elsewhere whose name resolves to this machine carries its own name here.
    if (!hosts.has(request.headers.host ?? "")) return refuse(response, 421);
    serveScreenFile(request, response, {
      staticDir: options.staticDir,
      socketUrl: `ws://${request.headers.host}`,
    }).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    if (!mayUpgrade(request, hosts, origins)) return refuseUpgrade(socket);
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on("error", () => accepted.terminate());
      // Opened and then closed with a code, because a browser cannot see why an upgrade was refused.
      if (!bearsToken(request, options.token)) return closeSoon(accepted, socketTokenRefused, "token");
      if (sockets.clients.size > maxSockets) return closeSoon(accepted, 1013, "too many screens");
      serve(fromWebSocket(accepted));
    });
  });
  return succeed({
    url: `http://127.0.0.1:${port}/#token=${options.token}`,
    close: () => closeServer(server, sockets),
  });
}

function listen(server: Server, port: number): Promise<Result<number>> {
  return new Promise((resolve) => {
    server.on("error", (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === "EADDRINUSE"
          ? fail("port.in-use", { port, option: "--port" }, error)
          : fail("config.invalid", { reason: `port ${port}` }, error),
      ),
    );
    server.listen({ host: "127.0.0.1", port }, () =>
      resolve(succeed((server.address() as AddressInfo).port)),
    );
  });
}

/** A browser always names its origin; a program on this machine may have none, and still needs the token. */
function mayUpgrade(
  request: IncomingMessage,
  hosts: ReadonlySet<string>,
  origins: ReadonlySet<string>,
): boolean {
  const { host, origin } = request.headers;
  return request.url === socketPath && hosts.has(host ?? "") && (origin === undefined || origins.has(origin));
}

function refuseUpgrade(socket: Duplex): void {
  socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

function bearsToken(request: IncomingMessage, token: string): boolean {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const given =
    offered.find((name) => name.startsWith(socketTokenPrefix))?.slice(socketTokenPrefix.length) ?? "";
  // Hashed first, so that the comparison takes as long for a token of another length.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function closeSoon(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), 1000).unref();
}

function closeServer(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) closeSoon(socket, 1001, "engine stopped");
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1500).unref();
  });
}
