import type { Pipe, PipeClient, PipeEvents } from "@waystation/drivers/transport/pipe";
import type { Transport, TransportEvents } from "@waystation/drivers/transport/transport";
import { fail, succeed } from "@waystation/shared/failures/result";
import type { Platform } from "./platform.ts";
import { currentProcess, type SimulatedProcess } from "./process.ts";

type Connection = {
  readonly owner: SimulatedProcess | null;
  readonly events: TransportEvents;
  readonly client: PipeClient;
  isOpen: boolean;
};

const wayMs = 1;

/** The cable between one device and the engine: bytes take a millisecond, and it can be cut at any byte. */
export function createLine(platform: Platform) {
  const connections = new Set<Connection>();
  let far: PipeEvents | null = null;
  let isPlugged = true;
  /** Bytes the engine may still write before the cable breaks; null: it holds. */
  let writesLeft: { bytes: number; readonly onCut: () => void } | null = null;

  function end(connection: Connection, isTold: boolean): void {
    if (!connection.isOpen) return;
    connection.isOpen = false;
    connections.delete(connection);
    platform.after(wayMs, () => far?.onClose?.(connection.client));
    if (!isTold) return;
    const { failure } = fail("device.disconnected", {}, "cut");
    platform.after(wayMs, () => platform.enter(connection.owner, () => connection.events.onClose(failure)));
  }

  function openConnection(events: TransportEvents): Connection {
    const owner = currentProcess();
    const connection: Connection = {
      owner,
      events,
      isOpen: true,
      client: {
        send: (bytes) => {
          const copy = Uint8Array.from(bytes);
          platform.after(wayMs, () => {
            if (connection.isOpen) platform.enter(owner, () => events.onData(copy));
          });
        },
      },
    };
    connections.add(connection);
    owner?.onEnd.add(() => end(connection, false));
    platform.after(wayMs, () => far?.onOpen?.(connection.client));
    return connection;
  }

  function deliver(connection: Connection, bytes: Uint8Array): void {
    const whole = Uint8Array.from(bytes);
    const cut = writesLeft;
    const taken = cut === null ? whole : whole.subarray(0, cut.bytes);
    if (taken.length > 0) platform.after(wayMs, () => far?.onData(taken, connection.client));
    if (cut === null) return;
    cut.bytes -= taken.length;
    if (cut.bytes > 0 && taken.length === whole.length) return;
    writesLeft = null;
    end(connection, true);
    cut.onCut();
  }

  const openTransport = (): Transport => {
    let mine: Connection | null = null;
    return {
      open: (events) =>
        new Promise((resolve) => {
          const owner = currentProcess();
          platform.after(wayMs, () =>
            platform.enter(owner, () => {
              if (!isPlugged || far === null) return resolve(fail("device.disconnected"));
              mine = openConnection(events);
              resolve(succeed(null));
            }),
          );
        }),
      write: (bytes) => {
        if (mine?.isOpen !== true) return fail("device.disconnected");
        deliver(mine, bytes);
        return succeed(null);
      },
      bufferedBytes: () => 0,
      close: async () => {
        if (mine !== null) end(mine, false);
      },
    };
  };

  const cut = async (): Promise<void> => {
    isPlugged = false;
    for (const connection of [...connections]) end(connection, true);
  };
  const plug = async (): Promise<void> => {
    isPlugged = true;
  };
  const openPipe = async (events: PipeEvents): Promise<Pipe> => {
    far = events;
    return {
      connection: { type: "tcp", host: "127.0.0.1", port: 1 },
      send: (bytes) => {
        for (const { client } of connections) client.send(bytes);
      },
      cut,
      plug,
      clients: () => connections.size,
      stop: cut,
    };
  };

  return {
    openPipe,
    openTransport,
    /** The engine's next bytes but so many are lost, and the connection with them. */
    cutAfter(bytes: number, onCut: () => void): void {
      writesLeft = { bytes, onCut };
    },
    heal(): void {
      writesLeft = null;
      isPlugged = true;
    },
  };
}
export type Line = ReturnType<typeof createLine>;
