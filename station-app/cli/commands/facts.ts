import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { fail } from "@waystation/shared/failures/result";
import type { Verification } from "../../engine/core/verify-log.ts";
import { exitCodes, printJson, printText, reportFailure } from "../output.ts";
import { defaultDataFolder } from "../start/default-folder.ts";

const help = `
Reads the station's whole log: every fact's text gives its hash, every fact names the one before it, and the
parcel tables equal a rebuild from the facts. May run while the station works. Exit code 1 when something is wrong.
With --json: {"ok":true,"logId","facts","parcels"} or {"ok":false,"sequence","parcelId","reason"}, where "sequence"
is the first bad fact.

Examples:
  waystation facts verify
  waystation facts verify --data /srv/waystation --json`;

export function addFactsCommand(program: Command): void {
  program
    .command("facts")
    .description("look at the station's log of facts")
    .command("verify")
    .description("check that the log is whole")
    .option("--data <folder>", "the data folder, or a facts.db itself", defaultDataFolder)
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action(async ({ data, json }: { data: string; json: boolean }) => {
      const path = data.endsWith(".db") ? data : join(data, "station/facts.db");
      if (!existsSync(path)) {
        const { failure } = fail("request.invalid", { reason: `there is no ${path}` });
        return reportFailure(failure, { json, exitCode: exitCodes.usage });
      }
      const verification = await readVerification(path);
      if (!verification.ok) process.exitCode = exitCodes.trouble;
      if (json) return printJson(verification);
      printText(describeVerification(verification));
    });
}

/** A file that is no database at all is a damaged log too. */
async function readVerification(path: string): Promise<Verification> {
  const { verifyFacts } = await import("../../engine/core/verify-log.ts");
  try {
    return verifyFacts(path);
  } catch (error) {
    return {
      ok: false,
      sequence: null,
      parcelId: null,
      reason: error instanceof Error ? error.message : String(error),
    };
  }
}

function describeVerification(verification: Verification): string {
  if (verification.ok)
    return `The log is whole: ${verification.facts} facts, ${verification.parcels} parcels.`;
  const { sequence, parcelId, reason } = verification;
  const where =
    sequence !== null ? ` at fact ${sequence}` : parcelId !== null ? ` at parcel ${parcelId}` : "";
  return `The log is DAMAGED${where}: ${reason}.`;
}
