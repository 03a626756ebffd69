import { access, constants } from "node:fs/promises";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type Transport, type TransportEvents, writeBufferLimitBytes } from "./transport.ts";

export type HidAddress = {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber?: string | undefined;
  /** Only where two devices without serial numbers must be told apart: it is another one after a replug. */
  readonly path?: string | undefined;
  /** Sent after opening: report id first. Absent: what the vendor is known to want. [] sends nothing. */
  readonly featureReport?: readonly number[] | undefined;
};

/** The part of node-hid that is used here. */
export type HidLibrary = {
  readonly setDriverType?: (type: "hidraw") => void;
  readonly devicesAsync: (vendorId: number, productId: number) => Promise<readonly HidEntry[]>;
  readonly HIDAsync: { readonly open: (path: string) => Promise<HidHandle> };
};
export type HidEntry = {
  readonly path?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly usagePage?: number | undefined;
};
export type HidHandle = {
  readonly on: (event: "data" | "error", listener: (value: Buffer) => void) => unknown;
  readonly write: (bytes: Buffer) => Promise<number>;
  readonly sendFeatureReport: (bytes: Buffer) => Promise<number>;
  readonly close: () => Promise<void>;
};

/** Scanners and scales; one USB device may list a keyboard besides. */
const posPages: ReadonlySet<number> = new Set([0x8c, 0x8d]);
/** Honeywell scanners send no HID POS reports until they are told to. */
const honeywell = { vendorId: 0x0c2e, featureReport: [254, 1] } as const;
const checkIntervalMs = 1000;

/**
 * A USB HID device through node-hid, loaded lazily: a station without one never loads the native module. On Linux
 * its hidraw build is used, which needs no other library. Everything is asynchronous, so the loop never blocks.
 *
 * The device is looked up anew at every open. node-hid knows no hot plug: an unplugged device ends its read with
 * an error, and where it does not, `check` sees that it is no longer listed.
 */
export function createHidTransport(
  address: HidAddress,
  load: () => Promise<HidLibrary> = loadNodeHid,
): Transport {
  const name = describeAddress(address);
  let library: HidLibrary | null = null;
  let handle: HidHandle | null = null;
  let openPath = "";
  let isEnded = false;
  let waitingBytes = 0;
  let checkedAtMs = 0;
  let onClose: TransportEvents["onClose"] = () => undefined;

  const lost = (cause: unknown) => fail("device.disconnected", { address: name }, cause);
  const end = (cause: unknown) => {
    if (isEnded) return;
    isEnded = true;
    onClose(lost(cause).failure);
  };

  const open = async (events: TransportEvents): Promise<Result<null>> => {
    const loaded = await loadLibrary(load);
    if (!loaded.ok) return loaded;
    library = loaded.value;
    const found = await findDevice(library, address, name);
    if (!found.ok) return found;
    openPath = found.value;
    const opened = await openDevice(library, openPath, name);
    if (!opened.ok) return opened;
    const device = opened.value;
    handle = device;
    // without a listener an unplug would end the process
    device.on("error", end);
    const prepared = await prepareDevice(device, address, name);
    if (!prepared.ok || isEnded) {
      isEnded = true;
      await closeHandle(device);
      return prepared.ok ? lost("the device went while it was opened") : prepared;
    }
    onClose = events.onClose;
    device.on("data", (report) => {
      if (!isEnded) events.onData(report);
    });
    checkedAtMs = performance.now();
    return succeed(null);
  };

  return {
    open,
    /** One write is one report, its id first. */
    write: (bytes) => {
      if (handle === null || isEnded) return fail("device.disconnected", { address: name });
      if (waitingBytes + bytes.length > writeBufferLimitBytes) {
        return fail("device.queue-full", { limit: writeBufferLimitBytes });
      }
      waitingBytes += bytes.length;
      void handle
        .write(Buffer.from(bytes))
        .catch(end)
        .finally(() => {
          waitingBytes -= bytes.length;
        });
      return succeed(null);
    },
    bufferedBytes: () => waitingBytes,
    check: async () => {
      if (library === null || isEnded || performance.now() - checkedAtMs < checkIntervalMs) return null;
      checkedAtMs = performance.now();
      return (await isListed(library, address, openPath)) ? null : lost("the device is gone").failure;
    },
    close: async () => {
      isEnded = true;
      if (handle !== null) await closeHandle(handle);
      handle = null;
    },
  };
}

async function loadNodeHid(): Promise<HidLibrary> {
  const library = await import("node-hid");
  if (process.platform === "linux") library.setDriverType("hidraw");
  return library;
}

async function loadLibrary(load: () => Promise<HidLibrary>): Promise<Result<HidLibrary>> {
  try {
    return succeed(await load());
  } catch (error) {
    return fail("device.driver-missing", { driver: "node-hid" }, error);
  }
}

/** The path of the one device that is meant. */
async function findDevice(library: HidLibrary, address: HidAddress, name: string): Promise<Result<string>> {
  try {
    const [path, ...others] = await listPaths(library, address);
    if (path === undefined) return fail("device.disconnected", { address: name }, "not plugged in");
    if (others.length === 0) return succeed(path);
    return fail("device.ambiguous", { address: name, count: others.length + 1 });
  } catch (error) {
    // the native part is loaded by the first list, so a machine that cannot run it says so here
    return fail("device.driver-missing", { driver: "node-hid" }, error);
  }
}

/** A device may be listed once for each of its collections, all under one path. */
async function listPaths(library: HidLibrary, address: HidAddress): Promise<readonly string[]> {
  const { vendorId, productId, serialNumber, path } = address;
  const listed = (await library.devicesAsync(vendorId, productId)).filter(
    (entry) =>
      (serialNumber === undefined || entry.serialNumber === serialNumber) &&
      (path === undefined || entry.path === path),
  );
  const pointOfSale = listed.filter(({ usagePage }) => posPages.has(usagePage ?? 0));
  const meant = pointOfSale.length > 0 ? pointOfSale : listed;
  return [...new Set(meant.flatMap((entry) => entry.path ?? []))];
}

/** A list that cannot be had says nothing about a device that works. */
async function isListed(library: HidLibrary, address: HidAddress, path: string): Promise<boolean> {
  try {
    return (await listPaths(library, address)).includes(path);
  } catch {
    return true;
  }
}

async function openDevice(library: HidLibrary, path: string, name: string): Promise<Result<HidHandle>> {
  try {
    return succeed(await library.HIDAsync.open(path));
  } catch (error) {
    const forbidden = await isForbidden(path);
    return fail(forbidden ? "device.not-permitted" : "device.disconnected", { address: name }, error);
  }
}

/** node-hid says only "cannot open device"; missing rights are the usual reason on Linux. */
async function isForbidden(path: string): Promise<boolean> {
  if (!path.startsWith("/dev/")) return false;
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM");
  }
}

async function prepareDevice(handle: HidHandle, address: HidAddress, name: string): Promise<Result<null>> {
  const usual = address.vendorId === honeywell.vendorId ? honeywell.featureReport : [];
  const report = address.featureReport ?? usual;
  if (report.length === 0) return succeed(null);
  try {
    await handle.sendFeatureReport(Buffer.from(report));
    return succeed(null);
  } catch (error) {
    return fail("device.disconnected", { address: name }, error);
  }
}

/** Closing a device that is gone may fail; there is nothing left to close then. */
async function closeHandle(handle: HidHandle): Promise<void> {
  await handle.close().catch(() => undefined);
}

function describeAddress({ vendorId, productId, serialNumber, path }: HidAddress): string {
  const hex = (id: number) => id.toString(16).padStart(4, "0");
  return [`${hex(vendorId)}:${hex(productId)}`, serialNumber, path].filter(Boolean).join(" ");
}
