import { realpath, stat } from "node:fs/promises";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { SerialPort } from "serialport";
import { type Transport, type TransportEvents, writeBufferLimitBytes } from "./transport.ts";

export type SerialLine = {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: 1 | 2;
  readonly rtscts: boolean;
};

export const defaultSerialLine: SerialLine = {
  baudRate: 9600,
  dataBits: 8,
  parity: "none",
  stopBits: 1,
  rtscts: false,
};

/**
 * A serial port, loaded lazily so that a station without one never loads the native module.
 *
 * serialport can miss an unplug and then re-reads an ended file for ever (bindings-cpp issue 162), so `check`
 * asks the operating system twice: is the node still the one that was opened (by-id links are followed), and does
 * the open line still take a control call. The kernel answers EIO once the far end has hung up; "cannot do
 * that on this kind of line" (a pseudo terminal) is an answer of a living one.
 */
export function createSerialTransport(path: string, line: SerialLine): Transport {
  let port: SerialPort | null = null;
  let identity: string | null = null;
  let closing = false;

  const lost = (cause: unknown) => fail("device.disconnected", { address: path }, cause);

  const open = async (events: TransportEvents): Promise<Result<null>> => {
    const opened = await openPort(path, line);
    if (!opened.ok) return opened;
    port = opened.value;
    port.on("data", events.onData);
    // without a listener an unplug during a write would end the process
    port.on("error", () => undefined);
    port.on("close", (cause: unknown) => {
      if (!closing) events.onClose(lost(cause ?? "the port closed").failure);
    });
    identity = await readIdentity(path);
    if (identity !== null) return succeed(null);
    await closePort(port);
    return lost("the port vanished while it was opened");
  };

  const check = async (): Promise<Failure | null> => {
    if (port === null || closing) return null;
    if (!port.isOpen || (await readIdentity(path)) !== identity)
      return lost("the device node vanished").failure;
    return (await hasHungUp(port)) ? lost("the line has hung up").failure : null;
  };

  return {
    open,
    check,
    write: (bytes) => {
      if (!port?.isOpen) return fail("device.disconnected", { address: path });
      if (port.writableLength + bytes.length > writeBufferLimitBytes) {
        return fail("device.queue-full", { limit: writeBufferLimitBytes });
      }
      port.write(Buffer.from(bytes));
      return succeed(null);
    },
    bufferedBytes: () => port?.writableLength ?? 0,
    close: async () => {
      closing = true;
      if (port?.isOpen) await closePort(port);
    },
  };
}

async function openPort(path: string, line: SerialLine): Promise<Result<SerialPort>> {
  try {
    const { SerialPort } = await import("serialport");
    const port = new SerialPort({ path, ...line, autoOpen: false });
    return await new Promise((resolve) => {
      port.open((error) =>
        resolve(error ? fail("device.disconnected", { address: path }, error) : succeed(port)),
      );
    });
  } catch (error) {
    return fail("device.disconnected", { address: path }, error);
  }
}

function closePort(port: SerialPort): Promise<void> {
  return new Promise((resolve) => port.close(() => resolve()));
}

/** Where the path leads now. Windows ports have no node: there the name itself stands for it. */
async function readIdentity(path: string): Promise<string | null> {
  if (!path.startsWith("/")) return path;
  try {
    const target = await realpath(path);
    const node = await stat(target);
    return `${target} ${node.ino} ${node.rdev}`;
  } catch {
    return null;
  }
}

function hasHungUp(port: SerialPort): Promise<boolean> {
  return new Promise((resolve) => {
    port.get((error) => resolve(/input\/output error|bad file|no such device/i.test(error?.message ?? "")));
  });
}
