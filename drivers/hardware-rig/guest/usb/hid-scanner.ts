import { createHidDevice, reportEndpoint, scannerReportDescriptor } from "./hid-device.ts";
import { type PluggedDevice, plugUsbDevice } from "./plug-usb-device.ts";

const dataBytes = 56;

/** A HID POS scanner: a long barcode takes several reports, each but the last saying that more follows. */
export function createHidScanner(serialNumber: string) {
  const device = createHidDevice({
    vendorId: 0x05e0,
    productId: 0x1300,
    product: "Bar Code Scanner",
    serialNumber,
    reportDescriptor: scannerReportDescriptor,
  });
  let plugged: PluggedDevice | null = null;
  const send = (report: Uint8Array | undefined) => {
    if (report) plugged?.send(reportEndpoint, report);
  };

  return {
    plug: async () => {
      plugged = await plugUsbDevice(device);
    },
    unplug: async () => {
      await plugged?.unplug();
      plugged = null;
    },
    scan: (barcode: string) => encodeReports(barcode).forEach(send),
    scanHalf: (barcode: string) => send(encodeReports(barcode)[0]),
  };
}

function encodeReports(barcode: string): Uint8Array[] {
  const reports: Uint8Array[] = [];
  for (let at = 0; at < barcode.length; at += dataBytes) {
    const part = barcode.slice(at, at + dataBytes);
    const report = Buffer.alloc(64);
    report.set([2, part.length, ...Buffer.from("]C0", "latin1")]);
    report.write(part, 5, "latin1");
    report.writeUInt8(at + dataBytes < barcode.length ? 1 : 0, 63);
    reports.push(report);
  }
  return reports;
}
