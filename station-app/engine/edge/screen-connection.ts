import {
  onMessagePortClose,
  onMessagePortMessage,
  type SupportedMessagePort,
} from "@orpc/client/message-port";
import type { WsHandler } from "@orpc/server/ws";
import type { WebSocket } from "ws";

/** A port as Electron's utility process and Node's worker_threads both hand it out. */
export type ScreenPort = SupportedMessagePort & { start(): void; close(): void };

/** What the RPC library wants of a WebSocket; both transports are put behind it, so that one handler serves both. */
export type PeerSocket = Parameters<WsHandler<Record<never, never>>["upgrade"]>[0];
type Listener = (event: { data: unknown }) => void;

/** Largest message a screen may send. A command is a few hundred bytes. */
export const maxMessageBytes = 64 * 1024;
/** A screen that asks and does not read the answers is let go. */
const maxUnreadBytes = 4 * 1024 * 1024;

/**
 * `send` resolves when the bytes have left the process, so the stream of views waits for a slow screen, and the feed
 * then gives it the latest view instead of every one in between.
 */
export function fromWebSocket(socket: WebSocket): PeerSocket {
  const send = (data: Parameters<WebSocket["send"]>[0]): unknown =>
    new Promise<void>((resolve) => {
      if (socket.bufferedAmount > maxUnreadBytes) socket.terminate();
      if (socket.readyState !== socket.OPEN) return resolve();
      socket.send(data, () => resolve());
    });
  return { send, addEventListener: socket.addEventListener.bind(socket) } as PeerSocket;
}

/**
 * A port has neither backpressure nor a size limit of its own. Screens say hello every few seconds, so one that has
 * been silent for `silentMs` hangs and its port is closed before unread views pile up; a message of the wrong kind or
 * size closes it at once.
 */
export function fromMessagePort(
  port: ScreenPort,
  silentMs: number,
): { socket: PeerSocket; close: () => void } {
  const listeners: { message: Listener[]; close: Listener[] } = { message: [], close: [] };
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    clearTimeout(silence);
    port.close();
    for (const listener of listeners.close) listener({ data: undefined });
  };
  const silence = setTimeout(close, silentMs);
  silence.unref();
  onMessagePortClose(port, close);
  onMessagePortMessage(port, (data: unknown) => {
    if (!open) return;
    if (!isPeerMessage(data)) return close();
    silence.refresh();
    for (const listener of listeners.message) listener({ data });
  });
  const socket = {
    send: (data: unknown) => {
      if (open) port.postMessage(data);
    },
    addEventListener: (type: "message" | "close", listener: Listener) => {
      listeners[type].push(listener);
    },
  };
  return { socket: socket as unknown as PeerSocket, close };
}

function isPeerMessage(data: unknown): boolean {
  if (typeof data === "string") return data.length <= maxMessageBytes;
  return (data instanceof Uint8Array || data instanceof ArrayBuffer) && data.byteLength <= maxMessageBytes;
}
