import type { Command } from "commander";
import { printJson, printText } from "../../output.ts";
import { jsonOption, usageFailure } from "./shared.ts";

const twinHelp = `
Runs the other end of a protocol for training and trials, until Ctrl-C. Commands come in line by line, as JSON or in short:
  load weightGrams=500          a scale                 scan data=RB123456785GB       a scanner
  measure index=1 weightGrams=500 lengthMillimetres=300 a gate
  condition condition=paper-out on=true                 a printer
  induct parcelIndex=1          a sorter                fault fault=garble count=1    any; also drop, silent, late
  state                         what it knows           disconnect forMs=500          the cable is pulled
Without --family's argument the families are listed.

Examples:
  waystation device twin mt-sics
  waystation device twin zpl-status --options '{"port":9100}'`;

export function addTwin(device: Command): void {
  device
    .command("twin")
    .description("run a simulated device")
    .argument("[family]", "the protocol family")
    .option("--options <json>", "the twin's options, e.g. its port")
    .addOption(jsonOption())
    .addHelpText("after", twinHelp)
    .action(async (family: string | undefined, given: { options?: string; json: boolean }) => {
      const { runTwin, twinFamilies } = await import("../../device/run-twin.ts");
      if (family === undefined)
        return given.json ? printJson({ families: twinFamilies }) : printText(...twinFamilies);
      const { parseOptions } = await import("../../device/find-definition.ts");
      const options = parseOptions(given.options);
      if (!options.ok) return usageFailure(options, given.json);
      const result = await runTwin({ family, options: options.value, json: given.json });
      if (!result.ok) usageFailure(result, given.json);
    });
}
