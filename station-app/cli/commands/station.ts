import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { type Failure, fail, type Result } from "@waystation/shared/failures/result";
import type { Command } from "commander";
import type { FreshToken } from "../../engine/edge/cloud-access.ts";
import type { KeyFile } from "../../engine/edge/station-key.ts";
import { exitCodes, printJson, printText, reportFailure } from "../output.ts";
import { defaultDataFolder } from "../start/default-folder.ts";

const enrolHelp = `
An administrator makes a one-time code for the station; here it is spent. The station makes a key of its own, which
stays in station-key.json in its data folder (only its owner can read it) and never leaves the machine. When the
reply is lost, run the same command again. The engine's configuration names that file:
"cloud": { "url": "https://cloud.example", "keyFile": "/srv/waystation/station-key.json" }

Examples:
  waystation station enrol --cloud https://cloud.example --code ABCDE-FGHJK --data /srv/waystation
  waystation station enrol --cloud https://cloud.example --code ABCDE-FGHJK --data /srv/waystation --replace`;

const statusHelp = `
Tries the key: asks the cloud for a token and compares the clocks. Nothing depends on this machine's clock; beyond
two minutes it is worth setting. Exit code 1 when the cloud does not accept the key or cannot be reached.

Examples:
  waystation station status
  waystation station status --data /srv/waystation --json`;

type Common = { readonly data: string; readonly json: boolean };
type EnrolInput = Common & { readonly cloud: string; readonly code: string; readonly replace: boolean };

/** Beyond this a person is told; nothing else happens. */
const clockWarningMs = 120_000;

export function addStationCommand(program: Command): void {
  const station = program
    .command("station")
    .description("enrol this station with a cloud, or see whether it is");
  station
    .command("enrol")
    .description("spend a one-time code: from then on the cloud knows this station by its key")
    .requiredOption("--cloud <url>", "address of the cloud")
    .requiredOption("--code <code>", "the one-time code")
    .option("--data <folder>", "the station's data folder", defaultDataFolder)
    .option("--replace", "give up what the folder was enrolled as", false)
    .option("--json", "print JSON", false)
    .addHelpText("after", enrolHelp)
    .action(runEnrol);
  station
    .command("status")
    .description("show what the station is enrolled as and whether the cloud accepts it")
    .option("--data <folder>", "the station's data folder", defaultDataFolder)
    .option("--json", "print JSON", false)
    .addHelpText("after", statusHelp)
    .action(runStatus);
}

async function runEnrol({ cloud, code, data, replace, json }: EnrolInput): Promise<void> {
  if (!/^https?:$/.test(URL.parse(cloud)?.protocol ?? "")) {
    const { failure } = fail("request.invalid", { reason: `--cloud ${cloud} is not an address` });
    return reportFailure(failure, { json, exitCode: exitCodes.usage });
  }
  // Loaded late: the other commands do without all of this.
  const { appVersion } = await import("../../engine/config/app-version.ts");
  const { enrol } = await import("../../engine/edge/enrol.ts");
  const { fingerprintOf } = await import("../../engine/edge/station-key.ts");
  const folder = stationFolderOf(data);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keys = await openKeys(folder);
  const stationInFolder = await readStationOf(folder);
  const done = await enrol({ cloudUrl: cloud, code, keys, appVersion, replace, stationInFolder });
  if (!done.ok) return reportFailure(done.failure, { json });
  const saved = await keys.load();
  const publicKey = saved.ok ? (saved.value?.enrolled?.publicKey ?? "") : "";
  const shown = { ...done.value, keyFile: keys.place, fingerprint: fingerprintOf(publicKey) };
  if (json) return printJson(shown);
  printText(
    `Enrolled as station ${shown.stationId} (${shown.name}) of hub ${shown.hubId}, tenant ${shown.tenantId}.`,
    `Key   ${shown.keyFile}   fingerprint ${shown.fingerprint}`,
  );
}

async function runStatus({ data, json }: Common): Promise<void> {
  const { fetchToken } = await import("../../engine/edge/cloud-access.ts");
  const keys = await openKeys(stationFolderOf(data));
  const loaded = await keys.load();
  if (!loaded.ok) return reportFailure(loaded.failure, { json });
  const enrolled = loaded.value?.enrolled ?? null;
  if (enrolled === null)
    return reportFailure(fail("station.not-enrolled", { path: keys.place }).failure, { json });
  const token = await fetchToken({ url: enrolled.cloudUrl, stationId: enrolled.stationId }, keys);
  const shown = await describeEnrolment(enrolled, token);
  if (!token.ok) process.exitCode = exitCodes.trouble;
  if (json) return printJson(shown);
  printText(...describeForPeople(shown));
}

type Shown = {
  readonly stationId: string;
  readonly name: string;
  readonly tenantId: string;
  readonly hubId: string;
  readonly cloudUrl: string;
  readonly fingerprint: string;
  readonly accepted: boolean;
  readonly failure: Failure | null;
  /** This machine's clock less the cloud's. */
  readonly clockOffsetMs: number | null;
};

async function describeEnrolment(
  enrolled: NonNullable<KeyFile["enrolled"]>,
  token: Result<FreshToken>,
): Promise<Shown> {
  const { fingerprintOf } = await import("../../engine/edge/station-key.ts");
  const { publicKey, privateKey: _secret, ...enrolment } = enrolled;
  return {
    ...enrolment,
    fingerprint: fingerprintOf(publicKey),
    accepted: token.ok,
    failure: token.ok ? null : token.failure,
    clockOffsetMs: token.ok ? token.value.clockOffsetMs : null,
  };
}

function describeForPeople(shown: Shown): string[] {
  const { clockOffsetMs: offset } = shown;
  const clock =
    offset === null ? "unknown" : `${Math.abs(offset) / 1000} s ${offset < 0 ? "behind" : "ahead of"}`;
  const isFar = offset !== null && Math.abs(offset) > clockWarningMs;
  return [
    `Station      ${shown.stationId} (${shown.name}), hub ${shown.hubId}, tenant ${shown.tenantId}`,
    `Cloud        ${shown.cloudUrl}`,
    `Key          fingerprint ${shown.fingerprint}`,
    `Token        ${shown.failure === null ? "works" : describeFailure(shown.failure)}`,
    `Clock        ${clock}${offset === null ? "" : " the cloud's"}${isFar ? ": set this machine's clock" : ""}`,
  ];
}

/** `waystation start` keeps a station below its folder; elsewhere the folder is the station's own. */
const stationFolderOf = (data: string): string =>
  existsSync(join(data, "waystation-data.json")) ? resolve(data, "station") : resolve(data);

async function openKeys(folder: string) {
  const { keyFileName, openKeyFile } = await import("../../engine/edge/station-key.ts");
  return openKeyFile(join(folder, keyFileName));
}

/** Whose facts lie there; a file nobody can read is nobody's. */
async function readStationOf(folder: string): Promise<string | null> {
  const path = join(folder, "facts.db");
  if (!existsSync(path)) return null;
  const { openReadOnly } = await import("../../engine/core/open-database.ts");
  try {
    const db = openReadOnly(path);
    try {
      return (db.prepare("SELECT station_id FROM log").pluck().get() as string | undefined) ?? null;
    } finally {
      db.close();
    }
  } catch {
    return null;
  }
}
