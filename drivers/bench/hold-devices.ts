import { z } from "zod";
import { connectDevice, deviceBindingSchema } from "../connect-device.ts";

/** Connects the devices of its argument, says when all are well, and holds them until its input ends. */
const bindings = z.array(deviceBindingSchema).parse(JSON.parse(process.argv[2] ?? "[]"));
const ready = new Set<string>();
const report = () => {
  if (ready.size === bindings.length) process.stdout.write("ready\n");
};
const devices = bindings.map((binding) => {
  const device = connectDevice(binding, {
    onReading: () => undefined,
    onState: (deviceId, { state }) => {
      if (state !== "ready" || ready.has(deviceId)) return;
      ready.add(deviceId);
      report();
    },
  });
  if (!device.ok) throw new Error(String(device.failure.details.reason));
  return device.value;
});
for (const device of devices) device.start();
if (bindings.length === 0) report();
process.stdin.resume().on("end", () => process.exit(0));
