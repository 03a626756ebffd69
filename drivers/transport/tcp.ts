import { connect, type Socket } from "node:net";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type Transport, type TransportEvents, writeBufferLimitBytes } from "./transport.ts";

export type TcpSettings = {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs?: number;
};

export function createTcpTransport(settings: TcpSettings): Transport {
  const address = `${settings.host}:${settings.port}`;
  let socket: Socket | null = null;
  let closing = false;

  const open = (events: TransportEvents) =>
    new Promise<Result<null>>((resolve) => {
      const opened = connect({ host: settings.host, port: settings.port, noDelay: true, keepAlive: true });
      socket = opened;
      let connected = false;
      opened.setTimeout(settings.connectTimeoutMs ?? 3000, () =>
        opened.destroy(new Error("connect timed out")),
      );
      opened.on("connect", () => {
        connected = true;
        opened.setTimeout(0);
        resolve(succeed(null));
      });
      listenToSocket(opened, events.onData, (cause) => {
        const lost = fail("device.disconnected", { address }, cause);
        if (!connected) resolve(lost);
        else if (!closing) events.onClose(lost.failure);
      });
    });

  return {
    open,
    write: (bytes) => writeToSocket(socket, bytes),
    bufferedBytes: () => socket?.writableLength ?? 0,
    close: () => {
      closing = true;
      return destroySocket(socket);
    },
  };
}

/** `onEnd` is called once, with what the socket died of. */
export function listenToSocket(
  socket: Socket,
  onData: (bytes: Uint8Array) => void,
  onEnd: (cause: unknown) => void,
): void {
  let cause: unknown = "the peer closed the connection";
  socket.on("data", onData);
  socket.on("error", (error) => {
    cause = error;
  });
  socket.on("close", () => onEnd(cause));
}

export function writeToSocket(socket: Socket | null, bytes: Uint8Array): Result<null> {
  if (!socket?.writable) return fail("device.disconnected");
  if (socket.writableLength + bytes.length > writeBufferLimitBytes) {
    return fail("device.queue-full", { limit: writeBufferLimitBytes });
  }
  socket.write(bytes);
  return succeed(null);
}

export function destroySocket(socket: Socket | null): Promise<void> {
  return new Promise((resolve) => {
    if (!socket || socket.closed) return resolve();
    socket.once("close", () => resolve());
    socket.destroy();
  });
}
