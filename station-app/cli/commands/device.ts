import type { Command } from "commander";
import { addCapture } from "./device/capture.ts";
import { addDecode } from "./device/decode.ts";
import { addDiscover } from "./device/discover.ts";
import { addList } from "./device/list.ts";
import { addTry } from "./device/try.ts";
import { addTwin } from "./device/twin.ts";
import { addCalibrated, addCheckZero } from "./device/upkeep.ts";

/** Everything a technician does with devices. The drivers are loaded by the action, not by `--help`. */
export function addDeviceCommand(program: Command): void {
  const device = program.command("device").description("find, try, record and understand devices");
  for (const add of [
    addList,
    addDiscover,
    addCapture,
    addDecode,
    addTry,
    addTwin,
    addCheckZero,
    addCalibrated,
  ])
    add(device);
}
