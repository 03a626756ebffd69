import type { Connection, SerialSettings } from "./connection.ts";
import { createEthernetIpTransport } from "./plc/ethernet-ip.ts";
import { createOpcUaTransport } from "./plc/opc-ua.ts";
import { createS7Transport } from "./plc/s7.ts";
import { createHidTransport } from "./hid.ts";
import { createHttpPushTransport } from "./http-push.ts";
import { createSerialTransport, defaultSerialLine, type SerialLine } from "./serial.ts";
import { createTcpTransport } from "./tcp.ts";
import { createTcpServerTransport } from "./tcp-server.ts";
import { cupsSpooler } from "./cups-spooler.ts";
import { createSpoolerTransport } from "./spooler.ts";
import { windowsSpooler } from "./windows-spooler.ts";
import type { Transport } from "./transport.ts";
import { createUsbPrinterTransport } from "./usb-printer.ts";

const systemSpooler = process.platform === "win32" ? windowsSpooler : cupsSpooler;

/** A fresh line to this address; `modelLine` are the serial settings the device's model is known by. */
export function createTransport(connection: Connection, modelLine: SerialSettings): Transport {
  if (connection.type === "tcp") {
    const { host, port, connectTimeoutMs } = connection;
    return createTcpTransport(
      connectTimeoutMs === undefined ? { host, port } : { host, port, connectTimeoutMs },
    );
  }
  if (connection.type === "tcp-server") return createTcpServerTransport(connection);
  if (connection.type === "http-push") return createHttpPushTransport(connection);
  if (connection.type === "s7") return createS7Transport(connection);
  if (connection.type === "ethernet-ip") return createEthernetIpTransport(connection);
  if (connection.type === "opc-ua") return createOpcUaTransport(connection);
  if (connection.type === "hid") return createHidTransport(connection);
  if (connection.type === "usb") return createUsbPrinterTransport(connection);
  if (connection.type === "spooler") return createSpoolerTransport(connection.printer, systemSpooler);
  const { type: _, path, ...site } = connection;
  const line: SerialLine = { ...defaultSerialLine, ...dropUndefined(modelLine), ...dropUndefined(site) };
  return createSerialTransport(path, line);
}

function dropUndefined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}
