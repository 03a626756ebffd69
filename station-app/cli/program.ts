import { Command, CommanderError } from "commander";
import { addBarcodeCommand } from "./commands/barcode.ts";
import { addBuildCommand } from "./commands/build.ts";
import { addCloudCommand } from "./commands/cloud.ts";
import { addDecideCommand } from "./commands/decide.ts";
import { addDeviceCommand } from "./commands/device.ts";
import { addFactsCommand } from "./commands/facts.ts";
import { addShapesCommand } from "./commands/shapes.ts";
import { addStartCommand } from "./commands/start.ts";
import { addStationCommand } from "./commands/station.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addSupportCommand } from "./commands/support.ts";
import { exitCodes, exitCodesHelp } from "./output.ts";

/** Builds the command tree and runs it. Ends with `process.exitCode` set, never with an exception for a wrong argument. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command("waystation")
    .description("An offline-first packing-station agent and a small cloud for cross-border parcels.")
    .addHelpText("after", exitCodesHelp)
    .exitOverride();
  for (const add of [
    addStartCommand,
    addStationCommand,
    addStatusCommand,
    addBarcodeCommand,
    addDecideCommand,
    addDeviceCommand,
    addFactsCommand,
    addShapesCommand,
    addCloudCommand,
    addSupportCommand,
    addBuildCommand,
  ])
    add(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help asked for is no error; commander has printed its sentence in both cases.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
}
