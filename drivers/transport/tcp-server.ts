import { createServer, type Socket } from "node:net";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { destroySocket, listenToSocket, writeToSocket } from "./tcp.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/**
 * For devices that call the station. Open once the device has called; a second caller is hung up on, so that two
 * streams can never mix. After the call ends the supervisor opens a new one.
 */
export function createTcpServerTransport(settings: {
  readonly host: string;
  readonly port: number;
}): Transport {
  const address = `${settings.host}:${settings.port}`;
  const server = createServer({ noDelay: true, keepAlive: true });
  let socket: Socket | null = null;
  let closing = false;

  const open = (events: TransportEvents) =>
    new Promise<Result<null>>((resolve) => {
      const lose = (cause: unknown) => fail("device.disconnected", { address }, cause);
      server.on("error", (error) => resolve(lose(error)));
      server.on("close", () => resolve(lose("closed")));
      server.on("connection", (caller) => {
        caller.on("error", () => undefined);
        if (socket) return void caller.destroy();
        socket = caller;
        listenToSocket(caller, events.onData, (cause) => {
          if (!closing) events.onClose(lose(cause).failure);
        });
        resolve(succeed(null));
      });
      server.listen(settings.port, settings.host);
    });

  return {
    open,
    write: (bytes) => writeToSocket(socket, bytes),
    bufferedBytes: () => socket?.writableLength ?? 0,
    close: async () => {
      closing = true;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      await destroySocket(socket);
      await closed;
    },
  };
}
