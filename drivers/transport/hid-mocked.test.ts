import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";

const hasUmockdev = spawnSync("umockdev-run", ["--version"], { stdio: "ignore" }).status === 0;
const reason = hasUmockdev ? "" : " (skipped: umockdev is not installed, `apt-get install umockdev`)";

const descriptor = "058d0920a1018503150026ff00750895050970810285029501098091 02c0".replace(" ", "");

/** A DYMO M10 as udev and the kernel would show it. */
const device = `P: /devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/0003:0922:8003.0001
E: DRIVER=hid-generic
E: HID_ID=0003:00000922:00008003
E: HID_NAME=DYMO M10
E: HID_UNIQ=0071
E: SUBSYSTEM=hid
H: report_descriptor=${descriptor.toUpperCase()}

P: /devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/0003:0922:8003.0001/hidraw/hidraw0
N: hidraw0
E: DEVNAME=/dev/hidraw0
E: MAJOR=241
E: MINOR=0
E: SUBSYSTEM=hidraw
A: dev=241:0
L: device=../../../0003:0922:8003.0001

P: /devices/pci0000:00/0000:00:14.0/usb1/1-2
E: DEVTYPE=usb_device
E: DRIVER=usb
E: PRODUCT=922/8003/100
E: SUBSYSTEM=usb
A: idVendor=0922
A: idProduct=8003
A: serial=0071
`;

const size = descriptor.length / 2;
const sizeWord = `${size.toString(16).padStart(2, "0")}000000`;
const ioctls = `@DEV /dev/hidraw0
HIDIOCGRDESCSIZE 0 ${sizeWord}
HIDIOCGRDESC 0 ${sizeWord}${descriptor.padEnd(8192, "0")}
`
  .toUpperCase()
  .replace("/DEV/HIDRAW0", "/dev/hidraw0");

/** Control bytes as umockdev writes them, ^@ for 0 and so on. */
const encodeScript = (reports: readonly string[]): Buffer =>
  Buffer.concat([
    Buffer.from("d 0 /dev/hidraw0\n"),
    ...reports.map((hex) => {
      const bytes = [...Buffer.from(hex, "hex")].flatMap((byte) => (byte < 32 ? [0x5e, byte + 64] : [byte]));
      return Buffer.concat([Buffer.from("r 200 "), Buffer.from(bytes), Buffer.from("\n")]);
    }),
  ]);

const program = `
  import { connectDevice } from ${JSON.stringify(new URL("../connect-device.ts", import.meta.url).href)};
  let left = 4;
  const say = (what) => {
    console.log(JSON.stringify(what));
    left -= 1;
    // umockdev clears up after a program that ends by itself
    if (left === 0) process.exit();
  };
  const connected = connectDevice(
    { deviceId: "scale-1", model: "dymo-m10",
      connection: { type: "hid", vendorId: 0x0922, productId: 0x8003, serialNumber: "0071" } },
    { onReading: (_, reading) => say(reading), onState: (_, state) => say(state) },
  );
  if (!connected.ok) throw new Error(connected.failure.code);
  connected.value.start();
`;

test.skipIf(!hasUmockdev)(`node-hid lists and reads a mocked 0922:8003${reason}`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "waystation-umockdev-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const reports = ["030402000a00", "03020bff0000", "03030bff2003", "03040bff3419"];
  const child = spawn(
    "umockdev-run",
    [
      `--device=${file("scale.umockdev", device)}`,
      `--ioctl=/dev/hidraw0=${file("scale.ioctl", ioctls)}`,
      `--script=/dev/hidraw0=${file("scale.script", encodeScript(reports))}`,
      "--",
      process.execPath,
      "--input-type=module",
      "-e",
      program,
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const seen: unknown[] = [];
  for await (const line of createInterface({ input: child.stdout })) seen.push(JSON.parse(line));
  // the first report may be of the parcel before: it makes the scale ready and is not told
  expect(seen).toEqual([
    { state: "ready" },
    { kind: "weight", weightGrams: 0, state: "stable", net: false },
    { kind: "weight", weightGrams: 2268, state: "motion", net: false },
    { kind: "weight", weightGrams: 18_291, state: "stable", net: false },
  ]);
});
