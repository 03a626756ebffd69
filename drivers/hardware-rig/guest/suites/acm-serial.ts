import type { Suite } from "../run-tests.ts";
import { loadModules, waitForNode } from "../system.ts";
import { runUnplugRounds } from "../unplug-rounds.ts";
import { createAcmGadget, mountConfiguration } from "../usb/acm-gadget.ts";

const scan = (number: number) => `]C1420902109205${number}\r`;

export const acmSerial: Suite = {
  name: "acm-serial",
  prepare: () => loadModules("dummy_hcd", "libcomposite", "usb_f_acm", "cdc-acm") ?? mountConfiguration(),
  tests: [
    {
      name: "a USB-COM scanner unplugged in the middle of a barcode: faulted, back, no barcode lost or wrong",
      run: async () => {
        const gadget = createAcmGadget("RIG2");
        await gadget.plug();
        const path = await waitForNode("/dev/serial/by-id", /RIG2/);
        gadget.unplug();
        await runUnplugRounds(
          {
            binding: { model: "serial-aim", connection: { type: "serial", path } },
            plug: gadget.plug,
            unplug: async () => gadget.unplug(),
            sendWhole: async (number) => gadget.send(scan(number)),
            sendHalf: async (number) => gadget.send(scan(number).slice(0, 9)),
            expect: (number) => ({
              kind: "scan",
              data: `420902109205${number}`,
              symbology: "gs1-128",
            }),
          },
          3,
        );
      },
    },
  ],
};
