import { deepEqual, equal, ok } from "node:assert/strict";
import { createRecorder, until } from "../../../conformance/recorder.ts";
import { connectDevice } from "../../../connect-device.ts";
import { askHost } from "../host.ts";
import type { Suite } from "../run-tests.ts";
import { loadModules, waitForNode } from "../system.ts";
import { runUnplugRounds } from "../unplug-rounds.ts";

/** udev's name for the adapter: it stays while the node's number may change. */
const byId = () => waitForNode("/dev/serial/by-id", /RIG1/);

const weigh = (number: number) => `S S ${String(number * 10 + 0.5).padStart(10)} g\r\n`;

export const usbSerial: Suite = {
  name: "usb-serial",
  prepare: () => loadModules("xhci-pci", "ftdi_sio"),
  tests: [
    {
      name: "a scale at an FTDI adapter is asked and answers; 7E1 and 9600 are accepted",
      run: async () => {
        await askHost({ command: "plug" });
        await askHost({ command: "load", weight: "123.40" });
        const recorder = createRecorder();
        const connection = { type: "serial", path: await byId(), dataBits: 7, parity: "even" } as const;
        const device = connectDevice(
          { deviceId: "scale-1", model: "mt-sics", connection },
          recorder.listener,
        );
        ok(device.ok && device.value.kind === "scale");
        device.value.start();
        try {
          await until(recorder.isReady, "ready");
          deepEqual(await device.value.requestWeight(5000), { ok: true, value: 123 });
        } finally {
          await device.value.stop();
          await askHost({ command: "unplug" });
        }
      },
    },
    {
      name: "unplugged in the middle of a weight: faulted, back under the same name, no weight lost or wrong",
      run: async () => {
        await askHost({ command: "plug" });
        const path = await byId();
        await runUnplugRounds({
          binding: { model: "mt-sics", connection: { type: "serial", path } },
          plug: async () => {
            await askHost({ command: "plug" });
          },
          unplug: () => askHost({ command: "unplug" }),
          sendWhole: (number) => askHost({ command: "send", text: weigh(number) }),
          sendHalf: (number) => askHost({ command: "send", text: weigh(number).slice(0, 10) }),
          expect: (number) => ({
            kind: "weight",
            weightGrams: number * 10 + 1,
            state: "stable",
            net: false,
          }),
        });
      },
    },
    {
      name: "a request under way when the cable is pulled fails, and says why",
      run: async () => {
        await askHost({ command: "plug" });
        const recorder = createRecorder();
        const connection = { type: "serial", path: await byId() } as const;
        const device = connectDevice(
          { deviceId: "scale-1", model: "mt-sics", connection },
          recorder.listener,
        );
        ok(device.ok && device.value.kind === "scale");
        device.value.start();
        try {
          await until(recorder.isReady, "ready");
          await askHost({ command: "mute" });
          const asked = device.value.requestWeight(20_000);
          await askHost({ command: "unplug" });
          const answer = await asked;
          equal(answer.ok ? "a weight" : answer.failure.code, "device.disconnected");
        } finally {
          await device.value.stop();
        }
      },
    },
  ],
};
