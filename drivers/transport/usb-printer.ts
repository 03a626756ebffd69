import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import { type Transport, type TransportEvents, writeBufferLimitBytes } from "./transport.ts";
import { describePort, findPrinterInterface, readDeviceId, readPortStatus } from "./usb-printer-class.ts";
import type { PrinterInterface, UsbAddress, UsbDevice } from "./usb-printer-class.ts";

const readBytes = 512;
const readTimeoutMs = 1000;
/** A printer that is out of labels takes nothing for as long as that lasts. */
const writeTimeoutMs = 30_000;
const writeChunkBytes = 4096;
const stallLimit = 10;
/** A little longer than a read may take. */
const settleMs = 1500;

/** What lists the devices of the bus; a test gives its own. */
export type ListUsb = () => Promise<readonly UsbDevice[]>;

/** Loaded lazily, so that a station without a USB printer never loads the native module. */
const listBus: ListUsb = async () => {
  const { WebUSB } = await import("usb");
  return (await new WebUSB({ allowAllDevices: true }).getDevices()) as unknown as readonly UsbDevice[];
};

/**
 * A printer of USB class 7: bulk pipes both ways where it has them. Known by its serial number, else by the port it
 * hangs on. It is looked for anew at every attempt, so nothing is kept of a device that was pulled out and no event
 * of the bus is listened to, however often one comes. Not for Windows: there usbprint.sys holds the printer, and
 * the spooler is the way.
 */
export function createUsbPrinterTransport(address: UsbAddress, list: ListUsb = listBus): Transport {
  const name = describePort(address);
  let device: UsbDevice | null = null;
  let pipes: PrinterInterface | null = null;
  let events: TransportEvents | null = null;
  let pendingBytes = 0;
  let tail: Promise<void> = Promise.resolve();
  let reading: Promise<void> = Promise.resolve();

  const lost = (cause: unknown) => fail("device.disconnected", { address: name }, cause);
  const lose = (cause: unknown) => {
    const open = events;
    events = null;
    open?.onClose(lost(cause).failure);
  };

  const open = async (opened: TransportEvents): Promise<Result<null>> => {
    try {
      const found = findDevice(await list(), address);
      if (!found.ok) return found;
      device = found.value;
      pipes = findPrinterInterface(device);
      if (pipes === null) return fail("config.invalid", { reason: `${name} is no printer` });
      await claim(device, pipes);
      // asked for once: a device that is no longer there, or no printer, fails here and not in the middle of a label
      await readDeviceId(device, pipes);
      events = opened;
      if (pipes.inEndpoint !== null) reading = readOn(device, pipes.inEndpoint);
      return succeed(null);
    } catch (error) {
      await letGo();
      return lost(error);
    }
  };

  const readOn = async (from: UsbDevice, endpoint: number): Promise<void> => {
    let stalls = 0;
    while (events !== null && device === from) {
      const beganMs = performance.now();
      try {
        const { data, status } = await from.transferIn(endpoint, readBytes, readTimeoutMs);
        stalls = status === "stall" ? stalls + 1 : 0;
        if (stalls > stallLimit) return lose("the printer refuses to be read");
        if (status === "stall") await from.clearHalt("in", endpoint);
        if (data && data.byteLength > 0) events?.onData(copyBytes(data));
      } catch (error) {
        if (!isTimeout(error)) return lose(error);
      }
      // an answer of nothing at all must not become a loop at full speed
      if (performance.now() - beganMs < 5) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  const send = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length && events !== null && device && pipes; at += writeChunkBytes) {
      const piece = bytes.slice(at, at + writeChunkBytes);
      try {
        const { bytesWritten, status } = await device.transferOut(pipes.outEndpoint, piece, writeTimeoutMs);
        // the rest of a piece whose beginning arrived cannot be placed any more
        if (status !== "ok" || bytesWritten !== piece.length)
          return lose(`wrote ${bytesWritten} of ${piece.length}`);
      } catch (error) {
        return lose(error);
      }
      pendingBytes -= piece.length;
    }
  };

  const check = async (): Promise<Failure | null> => {
    if (device === null || pipes === null || events === null) return null;
    try {
      await readPortStatus(device, pipes);
      return null;
    } catch (error) {
      return isTimeout(error) ? null : lost(error).failure;
    }
  };

  /**
   * The package throws out of the call itself while a transfer is under way, so those are waited for. One that is
   * stuck, in a printer that takes nothing, does not hold up whoever closes: the device is let go when it ends.
   */
  const letGo = async (): Promise<void> => {
    const [held, claimed] = [device, pipes];
    device = null;
    if (held === null) return;
    const released = Promise.allSettled([reading, tail]).then(() => release(held, claimed));
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, settleMs);
    await Promise.race([released, tooLong]);
    clearTimeout(timer);
  };

  return {
    open,
    check,
    write: (bytes) => {
      if (events === null) return fail("device.disconnected", { address: name });
      if (pendingBytes + bytes.length > writeBufferLimitBytes) {
        return fail("device.queue-full", { limit: writeBufferLimitBytes });
      }
      pendingBytes += bytes.length;
      const copy = Uint8Array.from(bytes);
      tail = tail.then(() => send(copy));
      return succeed(null);
    },
    bufferedBytes: () => pendingBytes,
    close: async () => {
      events = null;
      await letGo();
    },
  };
}

/** One and only one: of two printers alike the wrong one would print the parcel of the other lane. */
function findDevice(devices: readonly UsbDevice[], address: UsbAddress): Result<UsbDevice> {
  const name = describePort(address);
  const alike = devices.filter(
    ({ vendorId, productId }) => vendorId === address.vendorId && productId === address.productId,
  );
  const { serialNumber, portPath } = address;
  const meant = alike.filter((device) => {
    if (serialNumber !== undefined) return device.serialNumber === serialNumber;
    return portPath === undefined || describePort(device) === portPath;
  });
  const [first, second] = meant;
  if (first === undefined) return fail("device.disconnected", { address: name }, "no such device on the bus");
  if (second === undefined) return succeed(first);
  const ports = meant.map(describePort).join(", ");
  return fail("config.invalid", {
    reason: `${meant.length} printers are ${name}: say which port of ${ports}`,
  });
}

async function claim(
  device: UsbDevice,
  { number, alternate, configuration }: PrinterInterface,
): Promise<void> {
  await device.open();
  // Linux: usblp holds every printer; elsewhere there is nothing to detach and the call says so
  await device.detachKernelDriver(number).catch(() => undefined);
  if (device.configuration?.configurationValue !== configuration)
    await device.selectConfiguration(configuration);
  await device.claimInterface(number);
  if (alternate !== 0) await device.selectAlternateInterface(number, alternate);
}

/** Each step for itself: of a device that was pulled out none succeeds. */
async function release(device: UsbDevice, claimed: PrinterInterface | null): Promise<void> {
  const steps = [
    () => claimed && device.releaseInterface(claimed.number),
    () => claimed && device.attachKernelDriver(claimed.number),
    () => device.close(),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch {
      // gone already
    }
  }
}

const isTimeout = (error: unknown) => /timed? ?out|cancell?ed/i.test(String(error));

const copyBytes = (data: DataView): Uint8Array =>
  Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
