/** USB Device Class Definition for Printing Devices 1.1. */
const printerClass = 7;
const requests = { deviceId: 0, portStatus: 1 } as const;
const deviceIdBytes = 1284;
const controlTimeoutMs = 2000;

export type UsbAddress = {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber?: string | undefined;
  /** Bus and ports, "1-2.4": where it hangs, for printers without a serial number. */
  readonly portPath?: string | undefined;
};

type Transfer = { readonly data?: DataView | undefined; readonly status?: string | undefined };
type Endpoint = { readonly endpointNumber: number; readonly direction: string; readonly type: string };
type Alternate = {
  readonly alternateSetting: number;
  readonly interfaceClass: number;
  readonly interfaceProtocol: number;
  readonly endpoints: readonly Endpoint[];
};

/** What is used of the package's device; with its times of waiting, which WebUSB does not have. */
export type UsbDevice = {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber?: string | null | undefined;
  readonly bus: string;
  readonly ports: readonly number[];
  readonly configuration?: { readonly configurationValue: number } | null | undefined;
  readonly configurations: readonly {
    readonly configurationValue: number;
    readonly interfaces: readonly {
      readonly interfaceNumber: number;
      readonly alternates: readonly Alternate[];
    }[];
  }[];
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly selectConfiguration: (value: number) => Promise<void>;
  readonly claimInterface: (number: number) => Promise<void>;
  readonly releaseInterface: (number: number) => Promise<void>;
  readonly selectAlternateInterface: (number: number, alternate: number) => Promise<void>;
  readonly detachKernelDriver: (number: number) => Promise<void>;
  readonly attachKernelDriver: (number: number) => Promise<void>;
  readonly clearHalt: (direction: "in" | "out", endpoint: number) => Promise<void>;
  readonly controlTransferIn: (setup: ControlSetup, length: number, timeoutMs: number) => Promise<Transfer>;
  readonly transferIn: (endpoint: number, length: number, timeoutMs: number) => Promise<Transfer>;
  readonly transferOut: (
    endpoint: number,
    data: Uint8Array,
    timeoutMs: number,
  ) => Promise<{ readonly bytesWritten?: number; readonly status?: string }>;
};
type ControlSetup = {
  readonly requestType: "class";
  readonly recipient: "interface";
  readonly request: number;
  readonly value: number;
  readonly index: number;
};

export type PrinterInterface = {
  readonly configuration: number;
  readonly number: number;
  readonly alternate: number;
  readonly outEndpoint: number;
  /** null: a printer that cannot answer (protocol 1). */
  readonly inEndpoint: number | null;
};

/** The printer interface with a way back before one without; IPP over USB (protocol 4) is another language. */
export function findPrinterInterface(device: UsbDevice): PrinterInterface | null {
  const found: PrinterInterface[] = [];
  for (const { configurationValue, interfaces } of device.configurations) {
    for (const { interfaceNumber, alternates } of interfaces) {
      for (const { alternateSetting, interfaceClass, interfaceProtocol, endpoints } of alternates) {
        if (interfaceClass !== printerClass || interfaceProtocol > 3) continue;
        const out = findBulk(endpoints, "out");
        if (out === null) continue;
        found.push({
          configuration: configurationValue,
          number: interfaceNumber,
          alternate: alternateSetting,
          outEndpoint: out,
          inEndpoint: findBulk(endpoints, "in"),
        });
      }
    }
  }
  return found.find(({ inEndpoint }) => inEndpoint !== null) ?? found[0] ?? null;
}

const findBulk = (endpoints: readonly Endpoint[], direction: string): number | null =>
  endpoints.find((endpoint) => endpoint.type === "bulk" && endpoint.direction === direction)
    ?.endpointNumber ?? null;

export type PortStatus = {
  readonly paperEmpty: boolean;
  readonly selected: boolean;
  readonly hasError: boolean;
};

/** Bit 5 paper empty, 4 selected, 3 no error; the others are reserved. */
export function parsePortStatus(byte: number): PortStatus {
  return { paperEmpty: (byte & 0x20) !== 0, selected: (byte & 0x10) !== 0, hasError: (byte & 0x08) === 0 };
}

/** null where the printer refuses the question. */
export async function readPortStatus(
  device: UsbDevice,
  { number }: PrinterInterface,
): Promise<PortStatus | null> {
  const setup = toSetup(requests.portStatus, number);
  const { data, status } = await device.controlTransferIn(setup, 1, controlTimeoutMs);
  return status === "ok" && data && data.byteLength > 0 ? parsePortStatus(data.getUint8(0)) : null;
}

/** IEEE 1284 device id, e.g. MFG:…;CMD:…;MDL:…; with the length before it, which some printers get wrong. */
export function parseDeviceId(data: Uint8Array): ReadonlyMap<string, string> {
  const announced = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
  const end = announced >= 2 && announced <= data.length ? announced : data.length;
  const text = new TextDecoder("latin1").decode(data.subarray(2, end)).replace(/\0+$/, "");
  const entries = new Map<string, string>();
  for (const part of text.split(";")) {
    const at = part.indexOf(":");
    if (at > 0) entries.set(part.slice(0, at).trim().toUpperCase(), part.slice(at + 1).trim());
  }
  return entries;
}

export async function readDeviceId(
  device: UsbDevice,
  { number, alternate }: PrinterInterface,
): Promise<ReadonlyMap<string, string>> {
  // here the interface is the high byte and the alternate setting the low one
  const setup = toSetup(requests.deviceId, (number << 8) | alternate);
  const { data } = await device.controlTransferIn(setup, deviceIdBytes, controlTimeoutMs);
  return data ? parseDeviceId(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) : new Map();
}

const toSetup = (request: number, index: number): ControlSetup => ({
  requestType: "class",
  recipient: "interface",
  request,
  value: 0,
  index,
});

/** "1-2.4" of a device; of an address what it says about the device that is meant. */
export function describePort(device: UsbDevice | UsbAddress): string {
  if ("ports" in device) return `${device.bus}-${device.ports.join(".")}`;
  const hex = (id: number) => id.toString(16).padStart(4, "0");
  const which = device.serialNumber ?? device.portPath ?? "any";
  return `${hex(device.vendorId)}:${hex(device.productId)} ${which}`;
}
