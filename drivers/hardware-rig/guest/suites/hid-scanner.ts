import type { Suite } from "../run-tests.ts";
import { loadModules } from "../system.ts";
import { runUnplugRounds } from "../unplug-rounds.ts";
import { createHidScanner } from "../usb/hid-scanner.ts";

/** Longer than one report holds. */
const barcode = (number: number) => `${number}-${"0123456789".repeat(7)}`;

export const hidScanner: Suite = {
  name: "hid-scanner",
  prepare: () => loadModules("vhci-hcd", "usbhid", "hid-generic"),
  tests: [
    {
      name: "unplugged between two reports of one barcode: faulted, back, no barcode lost, spliced or wrong",
      run: async () => {
        const scanner = createHidScanner("RIG4");
        const connection = {
          type: "hid",
          vendorId: 0x05e0,
          productId: 0x1300,
          serialNumber: "RIG4",
        } as const;
        await runUnplugRounds({
          binding: { model: "hid-pos-scanner", connection },
          plug: scanner.plug,
          unplug: scanner.unplug,
          sendWhole: async (number) => scanner.scan(barcode(number)),
          sendHalf: async (number) => scanner.scanHalf(barcode(number)),
          expect: (number) => ({ kind: "scan", data: barcode(number), symbology: "code-128" }),
        });
      },
    },
  ],
};
