import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { exitCodes, layOutTable, printJson, printText } from "../../output.ts";
import { dataOption, jsonOption, formatUsbId } from "./shared.ts";

const listHelp = `
"confirmed" says that a person has seen this model work with this driver; a manual is not enough for that.
A JSON file in <data>/devices adds a model of a known family (never a sorter):
  {"version":1,"model":"my-gate","family":"dws-delimited","vendor":"Acme","names":["G7"],
   "options":{"delimiter":"|","weightUnit":"kg"},"source":"Acme G7 manual p. 12"}

Examples:
  waystation device list --kind scale
  waystation device list --json`;

type ListOptions = {
  readonly kind?: string;
  readonly family?: string;
  readonly data: string;
  readonly json: boolean;
};

export function addList(device: Command): void {
  device
    .command("list")
    .description("show the models this station can work with")
    .addOption(
      new Option("--kind <kind>", "only these").choices([
        "scale",
        "scanner",
        "dimensioner",
        "printer",
        "sorter",
      ]),
    )
    .option("--family <family>", "only this protocol family")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", listHelp)
    .action(async ({ kind, family, data, json }: ListOptions) => {
      const { listDefinitions } = await import("../../device/find-definition.ts");
      const { definitions, own, refused } = listDefinitions(resolve(data));
      const listed = definitions
        .filter((other) => kind === undefined || other.kind === kind)
        .filter((other) => family === undefined || other.familyName === family)
        .map(({ model, kind: of, familyName, vendor, names, confirmed, source, usbIds }) => ({
          model,
          kind: of,
          family: familyName,
          vendor,
          names,
          confirmed,
          ownDefinition: own.has(model),
          source,
          usbIds: usbIds.map(formatUsbId),
        }));
      if (refused.length > 0) process.exitCode = exitCodes.trouble;
      if (json) return printJson({ devices: listed, refused });
      const rows = listed.map((one) => [
        one.model,
        one.kind,
        one.family,
        one.vendor,
        one.names.join(", "),
        one.confirmed ? "confirmed" : one.ownDefinition ? "own, not confirmed" : "not confirmed",
      ]);
      printText(...layOutTable([["MODEL", "KIND", "FAMILY", "VENDOR", "NAMES", ""], ...rows]));
      for (const { path, reason } of refused) process.stderr.write(`${path} was refused: ${reason}\n`);
    });
}
