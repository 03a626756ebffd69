import type { DiscoveredLine } from "../../device/discover.ts";
import { resolve } from "node:path";
import type { Command } from "commander";
import { layOutTable, printJson, printText } from "../../output.ts";
import { dataOption, jsonOption, formatUsbId } from "./shared.ts";

const discoverHelp = `
Only looks: ports are listed and descriptors read, nothing is opened and no byte is written. "models" are those known
by their USB numbers; behind an adapter cable any device can be. Network devices are not searched for.

Examples:
  waystation device discover
  waystation device discover --json`;

export function addDiscover(device: Command): void {
  device
    .command("discover")
    .description("show what hangs on this machine, without disturbing it")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", discoverHelp)
    .action(async ({ data, json }: { data: string; json: boolean }) => {
      const { discoverDevices } = await import("../../device/discover.ts");
      const { listDefinitions } = await import("../../device/find-definition.ts");
      const found = await discoverDevices(listDefinitions(resolve(data)).definitions);
      if (json) return printJson(found);
      if (found.lines.length === 0) printText("No serial port, HID device or USB printer was found.");
      else printText(...(await describeLines(found.lines)));
      for (const { source, reason } of found.unavailable)
        process.stderr.write(`${source} devices cannot be listed here: ${reason}\n`);
    });
}

async function describeLines(lines: readonly DiscoveredLine[]): Promise<string[]> {
  const { writeConnection } = await import("../../device/parse-connection.ts");
  const rows = lines.map(({ connection, name, vendorId, productId, serialNumber, models }) => [
    writeConnection(connection),
    vendorId === null || productId === null ? "-" : formatUsbId({ vendorId, productId }),
    serialNumber ?? "-",
    name,
    models.join(", "),
  ]);
  return layOutTable([["CONNECTION", "USB", "SERIAL NUMBER", "NAME", "MODELS"], ...rows]);
}
