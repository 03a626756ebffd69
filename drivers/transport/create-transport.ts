import type { Connection } from "./connection.ts";
import { createSerialTransport, defaultSerialLine, type SerialLine } from "./serial.ts";
import { createTcpTransport } from "./tcp.ts";
import { createTcpServerTransport } from "./tcp-server.ts";
import type { Transport } from "./transport.ts";

/** A fresh line to this address; `modelLine` are the serial settings the device's model is known by. */
export function createTransport(connection: Connection, modelLine: Partial<SerialLine>): Transport {
  if (connection.type === "tcp") {
    const { host, port, connectTimeoutMs } = connection;
    return createTcpTransport(
      connectTimeoutMs === undefined ? { host, port } : { host, port, connectTimeoutMs },
    );
  }
  if (connection.type === "tcp-server") return createTcpServerTransport(connection);
  const { type: _, path, ...site } = connection;
  const line: SerialLine = { ...defaultSerialLine, ...modelLine, ...dropUndefined(site) };
  return createSerialTransport(path, line);
}

function dropUndefined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}
