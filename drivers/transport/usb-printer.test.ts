import { expect, onTestFinished, test } from "vitest";
import { createRecorder, until } from "../conformance/recorder.ts";
import { systemClock } from "../kit/clock.ts";
import { encodeText } from "../kit/text.ts";
import { findDefinition } from "../registry.ts";
import { createUsbPrinterTransport } from "./usb-printer.ts";
import { findPrinterInterface, parseDeviceId, parsePortStatus, type UsbDevice } from "./usb-printer-class.ts";

type FakeOptions = {
  readonly serialNumber?: string;
  readonly ports?: readonly number[];
  readonly protocol?: number;
  readonly answer?: (text: string) => string | null;
};

/** Stands in for the bus; the real package over a real bus is the business of the rig. */
function createFakePrinter(options: FakeOptions = {}) {
  const received: Uint8Array[] = [];
  const calls: string[] = [];
  const answers: Uint8Array[] = [];
  let gone = false;
  let shortWrite = false;

  const alive = <Value>(value: Value): Promise<Value> =>
    gone ? Promise.reject(new Error("device disconnected")) : Promise.resolve(value);
  const view = (bytes: Uint8Array) => new DataView(Uint8Array.from(bytes).buffer);
  const note = (call: string) => {
    calls.push(call);
    return alive(undefined);
  };

  const device: UsbDevice = {
    vendorId: 0x0a5f,
    productId: 0x0166,
    serialNumber: options.serialNumber ?? null,
    bus: "1",
    ports: options.ports ?? [2, 4],
    configuration: { configurationValue: 1 },
    configurations: [
      {
        configurationValue: 1,
        interfaces: [
          {
            interfaceNumber: 0,
            alternates: [
              {
                alternateSetting: 0,
                interfaceClass: 7,
                interfaceProtocol: options.protocol ?? 2,
                endpoints: [
                  { endpointNumber: 1, direction: "out", type: "bulk" },
                  ...(options.protocol === 1 ? [] : [{ endpointNumber: 2, direction: "in", type: "bulk" }]),
                ],
              },
            ],
          },
        ],
      },
    ],
    open: () => note("open"),
    close: () => note("close"),
    selectConfiguration: (value) => note(`configuration ${value}`),
    claimInterface: (number) => note(`claim ${number}`),
    releaseInterface: (number) => note(`release ${number}`),
    selectAlternateInterface: (number, alternate) => note(`alternate ${number} ${alternate}`),
    detachKernelDriver: (number) => note(`detach ${number}`),
    attachKernelDriver: (number) => note(`attach ${number}`),
    clearHalt: (direction, endpoint) => note(`clear ${direction} ${endpoint}`),
    controlTransferIn: async ({ request, index }) => {
      await note(`control ${request} ${index}`);
      return request === 1
        ? { data: view(Uint8Array.of(0x18)), status: "ok" }
        : { data: view(encodeText("\u0000\u0014MFG:Zebra;CMD:ZPL")), status: "ok" };
    },
    transferIn: async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      const bytes = answers.shift();
      if (!bytes && !gone) throw new Error("transfer timed out");
      return alive({ data: view(bytes ?? new Uint8Array()), status: "ok" });
    },
    transferOut: async (_, data) => {
      await alive(undefined);
      if (shortWrite) return { bytesWritten: 1, status: "ok" };
      received.push(Uint8Array.from(data));
      const answer = options.answer?.(Buffer.from(data).toString("latin1")) ?? null;
      if (answer !== null) answers.push(Uint8Array.from(Buffer.from(answer, "latin1")));
      return { bytesWritten: data.length, status: "ok" };
    },
  };
  return {
    device,
    calls,
    received: () => Buffer.concat(received),
    unplug: () => {
      gone = true;
    },
    plug: () => {
      gone = false;
    },
    cutWritesShort: () => {
      shortWrite = true;
    },
    isGone: () => gone,
  };
}

const address = { vendorId: 0x0a5f, productId: 0x0166 };
const deaf = { onData: () => undefined, onClose: () => undefined };

test("opens: kernel driver off, interface claimed, device id asked; closes: everything given back", async () => {
  const printer = createFakePrinter();
  const transport = createUsbPrinterTransport(address, async () => [printer.device]);
  expect(await transport.open(deaf)).toEqual({ ok: true, value: null });
  expect(printer.calls).toEqual(["open", "detach 0", "claim 0", "control 0 0"]);
  expect(await transport.check?.()).toBeNull();
  const label = Uint8Array.from({ length: 10_000 }, (_, at) => at % 251);
  expect(transport.write(label).ok).toBe(true);
  await until(() => transport.bufferedBytes() === 0, "written");
  expect(printer.received().equals(Buffer.from(label))).toBe(true);
  await transport.close();
  expect(printer.calls.slice(-3)).toEqual(["release 0", "attach 0", "close"]);
});

test("which one is meant: by serial number, by port; of two alike none is guessed", async () => {
  const first = createFakePrinter({ serialNumber: "A", ports: [1] });
  const second = createFakePrinter({ serialNumber: "B", ports: [2, 4] });
  const list = async () => [first.device, second.device];
  const openWith = async (more: object) => {
    const transport = createUsbPrinterTransport({ ...address, ...more }, list);
    const opened = await transport.open(deaf);
    await transport.close();
    return opened.ok ? null : opened.failure.code;
  };
  expect(await openWith({ serialNumber: "B" })).toBeNull();
  expect(second.calls).toContain("open");
  expect(first.calls).toEqual([]);
  expect(await openWith({ portPath: "1-1" })).toBeNull();
  expect(first.calls).toContain("open");
  expect(await openWith({})).toBe("config.invalid");
  expect(await openWith({ serialNumber: "C" })).toBe("device.disconnected");
  expect(await openWith({ vendorId: 1 })).toBe("device.disconnected");
});

test("no bus, no native module, no permission: a failure, never a throw", async () => {
  for (const list of [
    () => Promise.reject(new Error("no native build for this system")),
    async () => [{ ...createFakePrinter().device, open: () => Promise.reject(new Error("access denied")) }],
  ]) {
    const opened = await createUsbPrinterTransport(address, list).open(deaf);
    expect(opened.ok ? null : opened.failure.code).toBe("device.disconnected");
    expect(opened.ok ? "" : opened.failure.cause).toMatch(/no native build|access denied/);
  }
});

test("the real package on this machine: whatever its bus is, an answer and no throw", async () => {
  const opened = await createUsbPrinterTransport({ vendorId: 0xffff, productId: 0xfffe }).open(deaf);
  expect(opened.ok ? null : opened.failure.code).toBe("device.disconnected");
});

test("pulled out: told once, by the read and not again by the write; a half-taken write loses the line", async () => {
  const printer = createFakePrinter();
  const transport = createUsbPrinterTransport(address, async () => [printer.device]);
  const closed: string[] = [];
  await transport.open({ onData: () => undefined, onClose: ({ code }) => void closed.push(code) });
  printer.unplug();
  transport.write(encodeText("^XA^XZ"));
  await until(() => closed.length > 0, "the loss is noticed");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(closed).toEqual(["device.disconnected"]);
  expect(transport.write(encodeText("x")).ok).toBe(false);
  await transport.close();

  const other = createFakePrinter();
  const line = createUsbPrinterTransport(address, async () => [other.device]);
  await line.open({ onData: () => undefined, onClose: ({ code }) => void closed.push(code) });
  other.cutWritesShort();
  line.write(encodeText("^XA^XZ"));
  await until(() => closed.length === 2, "the short write is noticed");
  await line.close();
});

test("a printer prints over it, is pulled out, put back and prints again", async () => {
  const status = [
    "\u0002030,0,0,1245,000,0,0,0,000,0,0,0\u0003\r\n",
    "\u0002000,0,0,0,1,2,4,0,00000000,1,000\u0003\r\n",
    "\u00021234,0\u0003\r\n",
  ].join("");
  const printer = createFakePrinter({ answer: (text) => (text.startsWith("~HS") ? status : null) });
  const recorder = createRecorder();
  const definition = findDefinition("zpl");
  const connected = definition?.connect({
    deviceId: "printer-1",
    options: { pollMs: 20 },
    createTransport: () =>
      createUsbPrinterTransport(address, async () => (printer.isGone() ? [] : [printer.device])),
    listener: recorder.listener,
    clock: systemClock,
    random: Math.random,
  });
  if (!connected?.ok || connected.value.kind !== "printer") throw new Error("no printer");
  const device = connected.value;
  onTestFinished(device.stop);
  device.start();
  await until(recorder.isReady, "ready");
  const print = () => device.print({ jobId: "1", bytes: encodeText("^XA^FDx^FS^XZ"), timeoutMs: 4000 });
  expect((await print()).outcome).toBe("printed");
  printer.unplug();
  await until(() => recorder.states.at(-1)?.state === "faulted", "the loss is noticed");
  expect((await print()).outcome).toBe("failed");
  printer.plug();
  await until(recorder.isReady, "ready again");
  expect((await print()).outcome).toBe("printed");
});

test("class answers: port status bits, device id with a right and a wrong length, a printer without a way back", () => {
  expect(parsePortStatus(0x18)).toEqual({ paperEmpty: false, selected: true, hasError: false });
  expect(parsePortStatus(0x30)).toEqual({ paperEmpty: true, selected: true, hasError: true });
  const id = parseDeviceId(encodeText("\u0000\u0019MFG:TSC;CMD:TSPL;MDL:TE;rest"));
  expect(Object.fromEntries(id)).toEqual({ MFG: "TSC", CMD: "TSPL", MDL: "TE" });
  expect(parseDeviceId(Buffer.from("\u00ff\u00ffMFG:Zebra", "latin1")).get("MFG")).toBe("Zebra");
  expect(findPrinterInterface(createFakePrinter({ protocol: 1 }).device)?.inEndpoint).toBeNull();
  expect(findPrinterInterface(createFakePrinter({ protocol: 4 }).device)).toBeNull();
});
