import type { Command } from "commander";
import { buildScreens } from "../build-screens.ts";
import { printJson, printText } from "../output.ts";

const help = `
Builds the pages of the station and of the cloud's console where their sources changed. \`start\` does it too.

Examples:
  waystation build
  waystation build --force`;

export function addBuildCommand(program: Command): void {
  program
    .command("build")
    .description("build the screens")
    .option("--force", "build although nothing changed", false)
    .option("--json", 'print {"built":[...]}', false)
    .addHelpText("after", help)
    .action(async ({ force, json }: { force: boolean; json: boolean }) => {
      const built = await buildScreens({ force });
      if (json) return printJson({ built });
      printText(built.length === 0 ? "Everything is built already." : `Built: ${built.join(", ")}.`);
    });
}
