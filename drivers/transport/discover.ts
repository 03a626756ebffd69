import { describeCause } from "@waystation/shared/failures/result";
import type { Connection } from "./connection.ts";

/** A line on which a device may be. Everything here stands in the system's own lists and the device's descriptors. */
export type FoundLine = {
  readonly connection: Connection;
  readonly vendorId: number | null;
  readonly productId: number | null;
  readonly serialNumber: string | null;
  /** What the device calls itself, "" where it does not. */
  readonly name: string;
};

export type Discovery = {
  readonly lines: readonly FoundLine[];
  /** Kinds of lines this machine could not list, and why. */
  readonly unavailable: readonly { readonly source: string; readonly reason: string }[];
};

const listTimeoutMs = 5000;

/**
 * Lists serial ports, HID devices and USB printers. No port is opened and no byte is written: an unknown device
 * answers nothing, for a question in the wrong protocol can move a machine or print a page.
 */
export async function discoverLines(): Promise<Discovery> {
  const sources = { serial: listSerial, hid: listHid, usb: listUsbPrinters };
  const lists = await Promise.all(
    Object.entries(sources).map(async ([source, list]) => {
      try {
        return { lines: await inTime(list()), unavailable: [] };
      } catch (error) {
        return { lines: [], unavailable: [{ source, reason: describeCause(error) }] };
      }
    }),
  );
  return {
    lines: lists.flatMap(({ lines }) => lines),
    unavailable: lists.flatMap(({ unavailable }) => unavailable),
  };
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => tooLate.reject(new Error(`no list within ${listTimeoutMs} ms`)),
    listTimeoutMs,
  );
  return Promise.race([work, tooLate.promise]).finally(() => clearTimeout(timer));
}

/** Named by serial number where the system makes such a name (udev's by-id), so that a replug keeps it. */
async function listSerial(): Promise<readonly FoundLine[]> {
  const { SerialPort } = await import("serialport");
  return (await SerialPort.list()).map(
    ({ path, vendorId, productId, serialNumber, manufacturer, pnpId }) => ({
      connection: {
        type: "serial" as const,
        path: pnpId !== undefined && process.platform === "linux" ? `/dev/serial/by-id/${pnpId}` : path,
      },
      vendorId: parseHexId(vendorId),
      productId: parseHexId(productId),
      serialNumber: serialNumber ?? null,
      name: manufacturer ?? "",
    }),
  );
}

const parseHexId = (text: string | undefined) => (text === undefined ? null : Number.parseInt(text, 16));

/** Point of sale devices by their usage pages: scales 0x8D, scanners 0x8C. Keyboards and mice are none of ours. */
async function listHid(): Promise<readonly FoundLine[]> {
  const { devicesAsync } = await import("node-hid");
  const pages = new Set([0x8c, 0x8d]);
  return (await devicesAsync())
    .filter(({ usagePage }) => usagePage !== undefined && pages.has(usagePage))
    .map(({ vendorId, productId, serialNumber, manufacturer, product }) => ({
      connection: { type: "hid" as const, vendorId, productId, ...named(serialNumber) },
      vendorId,
      productId,
      serialNumber: serialNumber === undefined || serialNumber === "" ? null : serialNumber,
      name: [manufacturer, product].filter(Boolean).join(" "),
    }));
}

const printerClass = 7;

/** What of the library's descriptor is looked at. */
type Described = {
  readonly configurations: readonly {
    readonly interfaces: readonly {
      readonly alternates: readonly { readonly interfaceClass: number }[];
    }[];
  }[];
};

const isPrinter = ({ configurations }: Described): boolean =>
  configurations.some(({ interfaces }) =>
    interfaces.some(({ alternates }) =>
      alternates.some(({ interfaceClass }) => interfaceClass === printerClass),
    ),
  );

async function listUsbPrinters(): Promise<readonly FoundLine[]> {
  const { WebUSB } = await import("usb");
  const devices = await new WebUSB({ allowAllDevices: true }).getDevices();
  return devices
    .filter(isPrinter)
    .map(({ vendorId, productId, serialNumber, manufacturerName, productName }) => ({
      connection: { type: "usb" as const, vendorId, productId, ...named(serialNumber) },
      vendorId,
      productId,
      serialNumber: serialNumber ?? null,
      name: [manufacturerName, productName].filter(Boolean).join(" "),
    }));
}

const named = (serialNumber: string | null | undefined) =>
  serialNumber === null || serialNumber === undefined || serialNumber === "" ? {} : { serialNumber };
