import type { Suite } from "../run-tests.ts";
import { loadModules } from "../system.ts";
import { runUnplugRounds } from "../unplug-rounds.ts";
import { createHidScale } from "../usb/hid-scale.ts";

export const hidScale: Suite = {
  name: "hid-scale",
  prepare: () => loadModules("vhci-hcd", "usbhid", "hid-generic"),
  tests: [
    {
      name: "0922:8003 unplugged within a report: faulted, back, no weight lost, old or wrong",
      run: async () => {
        const scale = createHidScale("RIG3");
        const stale = 5000;
        let present = 10;
        const connection = {
          type: "hid",
          vendorId: 0x0922,
          productId: 0x8003,
          serialNumber: "RIG3",
        } as const;
        await runUnplugRounds({
          binding: { model: "hid-pos-scale", connection },
          plug: () => scale.plug(stale, present),
          unplug: scale.unplug,
          sendWhole: async (number) => {
            present = number * 10;
            scale.load(present);
          },
          sendHalf: async (number) => scale.sendHalf(number * 10),
          expect: (number) => ({
            kind: "weight",
            weightGrams: number * 10,
            state: "stable",
            net: false,
          }),
          repeats: true,
        });
      },
    },
  ],
};
