import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { fail } from "@waystation/shared/failures/result";
import { exitCodes, printJson, reportFailure } from "../output.ts";
import { describeInputIssue } from "../read-input.ts";
import { defaultDataFolder } from "../start/default-folder.ts";
import { createProgress } from "../start/progress.ts";
import type { RunOptions, StartOptions } from "../start/start-options.ts";

const help = `
Starts a cloud, the devices of a belt and a bench (as programs that speak the devices' protocols over real
connections), a station, and a feeder that puts parcels on the belt. Ctrl-C ends everything in order, a second
Ctrl-C at once. A process that dies is started again; with --exit it is an error.

Data stays in the folder from start to start. Logs are in its logs/, addresses and tokens in its run.json, which
only you can read.

Examples:
  waystation start
  waystation start --rate 3000 --orders orders.csv
  waystation start --fresh --parcels 500 --seed 7 --exit --json`;

export function addStartCommand(program: Command): void {
  program
    .command("start")
    .description("run a whole warehouse in miniature")
    .option("--data <folder>", "where data is kept (default: .data in the checkout)")
    .option("--fresh", "delete the data of earlier starts first")
    .option("--rate <parcels-per-hour>", "parcels put on the belt per hour (default: 1200)")
    .option("--orders <file>", "orders to import, .csv or .json (default: made-up orders)")
    .option("--parcels <count>", "stop feeding after so many parcels")
    .option("--seed <number>", "seed of everything made up (default: 1)")
    .option("--exit", "end when the parcels are through")
    .option("--port <number>", "port of the station's screen, 0: any (default: 8788)")
    .option("--cloud-port <number>", "port of the cloud, 0: any (default: 8787)")
    .option("--json", "print JSON lines: step, ready, message, finished")
    .addHelpText("after", help)
    .action(async (given: unknown) => {
      // Loaded late: the other commands do without all of this.
      const { startOptionsSchema } = await import("../start/start-options.ts");
      const parsed = startOptionsSchema.safeParse(given);
      if (!parsed.success) {
        const { failure } = fail("config.invalid", { reason: describeInputIssue(parsed.error) });
        return reportFailure(failure, { json: false, exitCode: exitCodes.usage });
      }
      const { options, temporary } = fillDefaults(parsed.data);
      const { runStart } = await import("../start/run.ts");
      const ended = await runStart(options, createProgress(process.stdout, options));
      if (!ended.ok) reportFailure(ended.failure, options);
      else if (temporary) rmSync(options.data, { recursive: true, force: true });
      // The last line of a run that ends by itself, for whoever reads it by program.
      if (ended.ok && ended.value !== null) printJson(ended.value);
      // A build or a request that was under way must not hold the end up.
      process.exit();
    });
}

/** A run that ends by itself must not meet one that stays: it has a folder and ports of its own. */
function fillDefaults(given: StartOptions): { options: RunOptions; temporary: boolean } {
  const temporary = given.exit && given.data === undefined;
  const data = given.data ?? (temporary ? mkdtempSync(join(tmpdir(), "waystation-run-")) : defaultDataFolder);
  const options = {
    ...given,
    data,
    port: given.port ?? (given.exit ? 0 : 8788),
    cloudPort: given.cloudPort ?? (given.exit ? 0 : 8787),
  };
  return { options, temporary };
}
