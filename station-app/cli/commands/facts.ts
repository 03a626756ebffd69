import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { fail } from "@waystation/shared/failures/result";
import type { SalvagedLog } from "../../engine/core/salvage-log.ts";
import type { Verification } from "../../engine/core/verify-log.ts";
import { exitCodes, printJson, printText, reportFailure } from "../output.ts";
import { defaultDataFolder } from "../start/default-folder.ts";

const verifyHelp = `
Reads the station's whole log: every fact's text gives its hash, every fact names the one before it, and the
parcel tables equal a rebuild from the facts. May run while the station works. Exit code 1 when something is wrong.
With --json: {"ok":true,"logId","facts","parcels","prunedThrough"?,"formerLogs"?} or
{"ok":false,"sequence","parcelId","reason"}, where "sequence" is the first bad fact. "prunedThrough": facts up to
there were deleted, for the cloud holds them for good. "formerLogs": what was saved from damaged files.

Examples:
  waystation facts verify
  waystation facts verify --data /srv/waystation --json`;

const salvageHelp = `
Reads every fact that can still be read from a damaged facts.db and writes a new facts.db with them into a folder.
FILE is not changed; FILE-wal is read with it. The station does this by itself at its start; this is for a file from
elsewhere, or to look before. Exit code 1 when facts are known to be lost or none could be read.
With --json: {"out","logs":[{"logId","firstReadable","readableThrough","lastReadable","readableFacts","lostFacts","lost"}]}.

Examples:
  waystation facts salvage facts.damaged-20260105-080010.db --station station-1 --out ./saved
  waystation facts salvage facts.db --station station-1 --out ./saved --json`;

export function addFactsCommand(program: Command): void {
  const facts = program.command("facts").description("look at the station's log of facts");
  facts
    .command("verify")
    .description("check that the log is whole")
    .option("--data <folder>", "the data folder, or a facts.db itself", defaultDataFolder)
    .option("--json", "print JSON", false)
    .addHelpText("after", verifyHelp)
    .action(verify);
  facts
    .command("salvage <file>")
    .description("save what can be read of a damaged log")
    .requiredOption("--out <folder>", "where the new facts.db goes; must not hold one")
    .requiredOption("--station <id>", "the station whose facts these are")
    .option("--json", "print JSON", false)
    .addHelpText("after", salvageHelp)
    .action(salvage);
}

async function verify({ data, json }: { data: string; json: boolean }): Promise<void> {
  const path = data.endsWith(".db") ? data : join(data, "station/facts.db");
  if (!existsSync(path)) return reportUsage(`there is no ${path}`, json);
  const verification = await readVerification(path);
  if (!verification.ok) process.exitCode = exitCodes.trouble;
  if (json) return printJson(verification);
  printText(...describeVerification(verification));
}

async function salvage(
  file: string,
  { out, station, json }: { out: string; station: string; json: boolean },
): Promise<void> {
  const into = join(out, "facts.db");
  if (!existsSync(file)) return reportUsage(`there is no ${file}`, json);
  if (existsSync(into)) return reportUsage(`${into} is already there`, json);
  mkdirSync(out, { recursive: true });
  const { buildSalvagedLog } = await import("../../engine/core/salvage-log.ts");
  const logs = buildSalvagedLog({
    from: file,
    into,
    stationId: station,
    newLogId: randomUUID(),
    expectedLogId: null,
    file: basename(file),
    reason: "salvaged by hand",
  });
  if (logs.some((log) => log.readableFacts === 0 || log.lostFacts > 0)) process.exitCode = exitCodes.trouble;
  if (json) return printJson({ out: into, logs });
  printText(...logs.map(describeSalvaged), `Written to ${into}.`);
}

function describeSalvaged({ logId, readableFacts, lostFacts, lost }: SalvagedLog): string {
  if (readableFacts === 0) return `No fact of this station could be read.`;
  const holes = lost.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  const gone = lostFacts === 0 ? "none is missing between them" : `${lostFacts} are LOST (${holes})`;
  return `Log ${logId}: ${readableFacts} facts saved, ${gone}.`;
}

function reportUsage(reason: string, json: boolean): void {
  const { failure } = fail("request.invalid", { reason });
  reportFailure(failure, { json, exitCode: exitCodes.usage });
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

function describeVerification(verification: Verification): string[] {
  if (!verification.ok) {
    const { sequence, parcelId, reason } = verification;
    const where =
      sequence !== null ? ` at fact ${sequence}` : parcelId !== null ? ` at parcel ${parcelId}` : "";
    return [`The log is DAMAGED${where}: ${reason}.`];
  }
  const { facts, parcels, prunedThrough, formerLogs = [] } = verification;
  return [
    `The log is whole: ${facts} facts, ${parcels} parcels.`,
    ...(prunedThrough === undefined ? [] : [`Facts up to ${prunedThrough} are in the cloud only.`]),
    ...formerLogs.map(
      ({ logId, readableFacts, lostFacts, file }) =>
        `Saved from ${file}: ${readableFacts} facts of log ${logId}, ${lostFacts} known to be lost.`,
    ),
  ];
}
