import { createORPCClient } from "@orpc/client";
import { RPCLink as PortLink } from "@orpc/client/message-port";
import { RPCLink as SocketLink } from "@orpc/client/websocket";
import type { ContractRouterClient } from "@orpc/contract";
import { applyViewMessage, type StationView, viewMessageSchema } from "@waystation/shared/session/view";
import {
  socketPath,
  socketProtocol,
  socketTokenPrefix,
  socketTokenRefused,
} from "@waystation/shared/wire/shell-bridge";
import {
  type CommandReply,
  type StationContract,
  stationIpcVersion,
} from "@waystation/shared/wire/station-ipc";

/** The only module on this side that knows the RPC library. */

export type StationTransport =
  | { readonly kind: "socket"; readonly origin: string; readonly token: string }
  /** The desktop shell; every call asks it for a fresh port. */
  | { readonly kind: "port"; readonly requestPort: () => Promise<MessagePort> };

export type Connection =
  | "connecting"
  | "live"
  /** Tried again with growing pauses, without end. */
  | "lost"
  /** The token is of an earlier launch; trying again is of no use. */
  | "refused"
  /** The engine speaks another version of the contract than this page. */
  | "outdated";

/** `view` is the last one seen, also while the connection is lost: the screen shows that it is stale. */
export type StationState = { readonly connection: Connection; readonly view: StationView | null };

type Client = ContractRouterClient<StationContract>;
type Commands = Client["lane"] & Pick<Client["scale"], "checkZero">;
export type CommandName = keyof Commands;
export type CommandInput<N extends CommandName> = Parameters<Commands[N]>[0];

export type StationClient = {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getState: () => StationState;
  /** Never rejects: an unreachable engine is a failure like any other. */
  readonly command: <N extends CommandName>(name: N, input: CommandInput<N>) => Promise<CommandReply>;
  readonly close: () => void;
};

export type StationClientTimings = {
  readonly callMs: number;
  /** How often the engine is greeted, and how long it may take to greet back: together the time a hang goes unseen. */
  readonly heartbeatMs: number;
  readonly helloMs: number;
  readonly retryMs: number;
  readonly longestRetryMs: number;
};
const defaultTimings: StationClientTimings = {
  callMs: 10_000,
  heartbeatMs: 2_000,
  helloMs: 3_000,
  retryMs: 250,
  longestRetryMs: 5_000,
};

type Link = {
  readonly client: Client;
  readonly close: () => void;
  readonly closed: Promise<"closed" | "refused">;
};
const requestTimeoutMs = 5_000;

export function connectStation(
  transport: StationTransport,
  timings: StationClientTimings = defaultTimings,
): StationClient {
  const listeners = new Set<() => void>();
  const stop = new AbortController();
  let state: StationState = { connection: "connecting", view: null };
  let link: Link | null = null;

  const set = (change: Partial<StationState>) => {
    if (stop.signal.aborted) return;
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  };

  const run = async () => {
    let pauseMs = timings.retryMs;
    while (!stop.signal.aborted) {
      const opened = await openLink(transport).catch(() => null);
      link = opened;
      const end =
        opened === null
          ? "closed"
          : await follow(
              opened,
              timings,
              () => stop.signal.aborted,
              (view) => {
                pauseMs = timings.retryMs;
                set({ connection: "live", view });
              },
            );
      link = null;
      opened?.close();
      if (end !== "closed") return set({ connection: end });
      set({ connection: state.view === null ? "connecting" : "lost" });
      await pause(pauseMs, stop.signal);
      pauseMs = Math.min(pauseMs * 2, timings.longestRetryMs);
    }
  };
  void run();

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getState: () => state,
    command: async (name, input) => {
      if (link === null || state.connection !== "live")
        return { ok: false, failure: { code: "engine.unreachable", details: {} } };
      const { lane, scale } = link.client;
      const call = (name === "checkZero" ? scale.checkZero : lane[name as keyof Client["lane"]]) as (
        input: unknown,
        options: { signal: AbortSignal },
      ) => Promise<CommandReply>;
      return call(input, { signal: AbortSignal.timeout(timings.callMs) }).catch(describeThrown);
    },
    close: () => {
      stop.abort();
      link?.close();
    },
  };
}

/** Bad input is told apart; whatever else went wrong, the command may or may not have happened. */
function describeThrown(error: unknown): CommandReply {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "BAD_REQUEST")
    return { ok: false, failure: { code: "request.invalid", details: { reason: "input" } } };
  return { ok: false, failure: { code: "engine.unanswered", details: {} } };
}

/** Shows views until the link ends; says why it ended. */
async function follow(
  link: Link,
  timings: StationClientTimings,
  stopped: () => boolean,
  show: (view: StationView) => void,
): Promise<"closed" | "refused" | "outdated"> {
  const hello = () => link.client.station.hello(undefined, { signal: AbortSignal.timeout(timings.helloMs) });
  try {
    if ((await hello()).ipcVersion !== stationIpcVersion) return "outdated";
  } catch {
    link.close();
    return link.closed;
  }
  // The engine may hang with the link still open; then the heartbeat goes unanswered and the link is closed.
  const heartbeat = setInterval(() => void hello().catch(link.close), timings.heartbeatMs);
  try {
    while (!stopped() && (await watchOnce(link.client, show)));
  } catch {
    // The stream broke with its link, or said something this page does not understand: start again.
  } finally {
    clearInterval(heartbeat);
    link.close();
  }
  return link.closed;
}

/** One subscription; true when it ended in a gap after showing something, so that subscribing again makes sense. */
async function watchOnce(client: Client, show: (view: StationView) => void): Promise<boolean> {
  let current: ReturnType<typeof applyViewMessage> = null;
  for await (const message of await client.station.watch()) {
    const next = applyViewMessage(current, viewMessageSchema.parse(message));
    if (next === null) return current !== null;
    current = next;
    show(next.view);
  }
  return false;
}

async function openLink(transport: StationTransport): Promise<Link> {
  return transport.kind === "port"
    ? openPort(await transport.requestPort())
    : openSocket(transport.origin, transport.token);
}

function openSocket(origin: string, token: string): Link {
  const socket = new WebSocket(`${origin.replace(/^http/, "ws")}${socketPath}`, [
    socketProtocol,
    socketTokenPrefix + token,
  ]);
  const connecting = setTimeout(() => socket.close(), requestTimeoutMs);
  socket.addEventListener("open", () => clearTimeout(connecting));
  const closed = new Promise<"closed" | "refused">((resolve) => {
    socket.addEventListener("close", (event) => {
      clearTimeout(connecting);
      resolve(event.code === socketTokenRefused ? "refused" : "closed");
    });
  });
  return {
    client: createORPCClient(new SocketLink({ websocket: socket })),
    close: () => socket.close(),
    closed,
  };
}

function openPort(port: MessagePort): Link {
  const { promise: closed, resolve } = Promise.withResolvers<"closed">();
  port.addEventListener("close", () => resolve("closed"));
  port.start();
  const close = () => {
    port.close();
    // Closing one's own end fires no event here, and the library must hear of it to end its calls.
    port.dispatchEvent(new Event("close"));
  };
  return { client: createORPCClient(new PortLink({ port })), close, closed };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
