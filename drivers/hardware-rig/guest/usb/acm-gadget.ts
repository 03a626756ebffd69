import { closeSync, constants, mkdirSync, openSync, readdirSync, symlinkSync } from "node:fs";
import { writeFileSync, writeSync } from "node:fs";
import { runTool } from "../../run-tool.ts";
import { waitForNode } from "../system.ts";

const configuration = "/sys/kernel/config";
const gadget = `${configuration}/usb_gadget/rig-scanner`;

/** Where gadgets are put together; the module that brings it must be loaded. */
export function mountConfiguration(): string | null {
  const run = runTool("mount", ["-t", "configfs", "configfs", configuration]);
  return run.worked ? null : run.error;
}

/**
 * A USB scanner in COM-port mode out of the kernel's own gadget drivers: dummy_hcd joins its two ends. What is
 * written to ttyGS comes out of ttyACM.
 */
export function createAcmGadget(serialNumber: string) {
  const set = (name: string, value: string) => writeFileSync(`${gadget}/${name}`, value);
  mkdirSync(gadget);
  set("idVendor", "0x0525");
  set("idProduct", "0xa4a7");
  for (const folder of ["strings/0x409", "configs/c.1", "functions/acm.0"]) mkdirSync(`${gadget}/${folder}`);
  set("strings/0x409/serialnumber", serialNumber);
  set("strings/0x409/product", "Scanner");
  symlinkSync(`${gadget}/functions/acm.0`, `${gadget}/configs/c.1/acm.0`);
  const controllerName = readdirSync("/sys/class/udc")[0] ?? "";
  let line: number | null = null;

  return {
    plug: async () => {
      set("UDC", controllerName);
      const node = await waitForNode("/dev", /^ttyGS0$/);
      runTool("stty", ["-F", node, "raw", "-echo"]);
      line = openSync(node, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    },
    unplug: () => {
      if (line === null) return;
      set("UDC", "\n");
      closeSync(line);
      line = null;
    },
    send: (text: string) => {
      if (line !== null) writeSync(line, Buffer.from(text, "latin1"));
    },
  };
}
