import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { createHidTransport, type HidAddress, type HidEntry, type HidLibrary } from "./hid.ts";

const scale = { vendorId: 0x0922, productId: 0x8003 };
const entry = (change: HidEntry = {}): HidEntry => ({ path: "node-1", usagePage: 0x8d, ...change });

/** node-hid as its documentation and source describe it: errors of a read are bare strings, everything is a promise. */
function plug(entries: readonly HidEntry[]) {
  let listed = entries;
  const opened: string[] = [];
  const features: number[][] = [];
  const writes: number[][] = [];
  const listeners = { data: [] as ((value: never) => void)[], error: [] as ((value: never) => void)[] };
  let closed = 0;
  let refuseWrites = false;
  const library: HidLibrary = {
    devicesAsync: async () => listed,
    HIDAsync: {
      open: async (path) => {
        opened.push(path);
        if (!listed.some((one) => one.path === path)) throw new Error("cannot open device with path");
        return {
          on: (event, listener) => listeners[event].push(listener as (value: never) => void),
          write: async (bytes) => {
            if (refuseWrites) throw new Error("could not write");
            return writes.push([...bytes]);
          },
          sendFeatureReport: async (bytes) => features.push([...bytes]),
          close: async () => {
            closed += 1;
          },
        };
      },
    },
  };
  const say = (event: "data" | "error", value: unknown) => {
    for (const listener of listeners[event]) listener(value as never);
  };
  return {
    library,
    opened,
    features,
    writes,
    say,
    closed: () => closed,
    list: (now: readonly HidEntry[]) => {
      listed = now;
    },
    refuseWrites: () => {
      refuseWrites = true;
    },
  };
}

async function open(machine: ReturnType<typeof plug>, address: Partial<HidAddress> = {}) {
  const transport = createHidTransport({ ...scale, ...address }, async () => machine.library);
  const heard: string[] = [];
  const ends: string[] = [];
  const result = await transport.open({
    onData: (bytes) => void heard.push(Buffer.from(bytes).toString("hex")),
    onClose: ({ code, cause }) => void ends.push(`${code} ${cause}`),
  });
  return { transport, result, code: result.ok ? "opened" : result.failure.code, heard, ends };
}

test("found by serial number, by path, or as the only one; keyboards of the same device are not it", async () => {
  const twins = [entry({ serialNumber: "A" }), entry({ path: "node-2", serialNumber: "B" })];
  const pair = plug(twins);
  expect((await open(pair, { serialNumber: "B" })).code).toBe("opened");
  expect((await open(pair, { path: "node-1" })).code).toBe("opened");
  expect(pair.opened).toEqual(["node-2", "node-1"]);

  const composite = plug([entry({ path: "keys", usagePage: 1 }), entry(), entry({ usagePage: 0xff00 })]);
  expect((await open(composite)).code).toBe("opened");
  expect(composite.opened).toEqual(["node-1"]);
});

test("two alike are never guessed between, and one that is not there is named", async () => {
  const { result } = await open(plug([entry(), entry({ path: "node-2" })]));
  expect(result).toMatchObject({
    failure: { code: "device.ambiguous", details: { count: 2, address: "0922:8003" } },
  });
  expect((await open(plug([]))).code).toBe("device.disconnected");
  expect((await open(plug([entry({ serialNumber: "A" })]), { serialNumber: "B" })).code).toBe(
    "device.disconnected",
  );
});

test("a library that does not load, and a list that throws, are failures with a name", async () => {
  const broken = createHidTransport(scale, () => Promise.reject(new Error("libusb is missing")));
  const events = { onData: () => undefined, onClose: () => undefined };
  expect(await broken.open(events)).toMatchObject({
    failure: { code: "device.driver-missing", cause: "libusb is missing" },
  });
  const machine = plug([]);
  const throwing = { ...machine.library, devicesAsync: () => Promise.reject(new Error("no")) };
  const listed = await createHidTransport(scale, async () => throwing).open(events);
  expect(listed.ok ? null : listed.failure.code).toBe("device.driver-missing");
});

test.skipIf(process.getuid?.() === 0)(
  "a node without rights says so, not that the cable is out",
  async () => {
    const folder = mkdtempSync("/dev/shm/waystation-hid-");
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = `${folder}/hidraw0`;
    writeFileSync(path, "");
    chmodSync(path, 0);
    const machine = plug([entry({ path })]);
    const refusing = {
      ...machine.library,
      HIDAsync: { open: () => Promise.reject(new Error("cannot open device")) },
    };
    const events = { onData: () => undefined, onClose: () => undefined };
    const result = await createHidTransport(scale, async () => refusing).open(events);
    expect(result.ok ? null : result.failure.code).toBe("device.not-permitted");
  },
);

test("Honeywell is told to speak before anything is heard; others only when the site says so", async () => {
  const honeywell = plug([entry({ usagePage: 0x8c })]);
  await open(honeywell, { vendorId: 0x0c2e });
  expect(honeywell.features).toEqual([[254, 1]]);
  const other = plug([entry()]);
  await open(other);
  await open(other, { featureReport: [9, 7] });
  await open(other, { vendorId: 0x0c2e, featureReport: [] });
  expect(other.features).toEqual([[9, 7]]);
});

test("each report is one piece of data; an unplug is told once, and nothing after it", async () => {
  const machine = plug([entry()]);
  const { heard, ends, transport } = await open(machine);
  machine.say("data", Buffer.from("0304020014 00".replace(" ", ""), "hex"));
  machine.say("error", "could not read from HID device");
  machine.say("error", "again");
  machine.say("data", Buffer.from([1]));
  expect(heard).toEqual(["030402001400"]);
  expect(ends).toEqual(["device.disconnected could not read from HID device"]);
  expect(transport.write(Uint8Array.of(2, 2)).ok).toBe(false);
});

test("a write that fails ends the line; close tells nobody and frees the device", async () => {
  const machine = plug([entry()]);
  const first = await open(machine);
  expect(first.transport.write(Uint8Array.of(2, 1)).ok).toBe(true);
  expect(machine.writes).toEqual([[2, 1]]);
  machine.refuseWrites();
  first.transport.write(Uint8Array.of(2, 1));
  await expect.poll(() => first.ends).toEqual(["device.disconnected could not write"]);
  expect(first.transport.bufferedBytes()).toBe(0);

  const second = await open(plug([entry()]));
  await second.transport.close();
  expect(second.ends).toEqual([]);
});

test("a device that vanished silently is missed within about a second, and looked up anew at the next open", async () => {
  const machine = plug([entry({ serialNumber: "A" })]);
  const { transport } = await open(machine, { serialNumber: "A" });
  machine.list([entry({ serialNumber: "A", path: "node-7" })]);
  await expect
    .poll(async () => (await transport.check?.())?.code, { timeout: 3000 })
    .toBe("device.disconnected");
  expect((await open(machine, { serialNumber: "A" })).code).toBe("opened");
  expect(machine.opened).toEqual(["node-1", "node-7"]);
});

test("stopped while it was opening: the device does not stay open", async () => {
  const machine = plug([entry()]);
  const transport = createHidTransport(scale, async () => machine.library);
  const opening = transport.open({ onData: () => undefined, onClose: () => undefined });
  await transport.close();
  expect((await opening).ok).toBe(false);
  expect(machine.closed()).toBe(1);
});
