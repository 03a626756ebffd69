import { createHidDevice, reportEndpoint, scaleReportDescriptor } from "./hid-device.ts";
import { type PluggedDevice, plugUsbDevice } from "./plug-usb-device.ts";

const reportIntervalMs = 150;
const bits = { reportId: 3, stable: 4, grams: 2, exponent: 0 };

/**
 * A HID POS scale that tells its load several times a second. The first thing it tells a listener is the load from
 * before. Not at once: what comes within 50 ms of opening is thrown away by the kernel's usbhid.
 */
export function createHidScale(serialNumber: string) {
  const device = createHidDevice({
    vendorId: 0x0922,
    productId: 0x8003,
    product: "M10 Digital Postal Scale",
    serialNumber,
    reportDescriptor: scaleReportDescriptor,
  });
  let plugged: PluggedDevice | null = null;
  let timer: NodeJS.Timeout | undefined;
  let loadGrams = 0;
  let staleGrams: number | null = null;
  let heardTicks = 0;

  const encode = (grams: number) => {
    const report = Buffer.from([bits.reportId, bits.stable, bits.grams, bits.exponent, 0, 0]);
    report.writeUInt16LE(grams, 4);
    return report;
  };
  const tell = () => {
    heardTicks = plugged?.isAwaited() === true ? heardTicks + 1 : 0;
    if (heardTicks < 2) return;
    plugged?.send(reportEndpoint, encode(staleGrams ?? loadGrams));
    staleGrams = null;
  };

  return {
    plug: async (oldGrams: number, presentGrams: number) => {
      plugged = await plugUsbDevice(device);
      staleGrams = oldGrams;
      loadGrams = presentGrams;
      heardTicks = 0;
      timer = setInterval(tell, reportIntervalMs);
    },
    unplug: async () => {
      clearInterval(timer);
      await plugged?.unplug();
      plugged = null;
    },
    load: (grams: number) => {
      loadGrams = grams;
    },
    /** The device dies within a report: fewer bytes than the descriptor promises, then nothing. */
    sendHalf: (grams: number) => {
      clearInterval(timer);
      plugged?.send(reportEndpoint, encode(grams).subarray(0, 5));
    },
  };
}
