import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { roleSchema } from "@waystation/shared/model/access";
import type { Command } from "commander";
import { z } from "zod";
import { exitCodes, layOutTable, printJson, printText, reportFailure } from "../output.ts";
import { defaultDataFolder } from "../start/default-folder.ts";

const tokenHelp = `
A running cloud is asked with its admin token, from WAYSTATION_CLOUD_ADMIN_TOKEN, or from the data folder of
\`waystation start\`. Never give a token as an argument: other users can read it there.`;

const postgresHelp = `
A cloud on PostgreSQL is backed up by PostgreSQL's own tools (pg_dump, pg_basebackup) and needs nothing by hand after
a restore: it notices it, stations fetch their orders anew and are asked for the facts that are missing.`;

const helps = {
  backup: `
Writes a copy of the embedded database into a new folder below --to, synced to the disk. A running cloud is asked for a
fresh backup first; a stopped one is copied as it is. Erased consignees stay in copies made before: delete those in
time.
${tokenHelp}
${postgresHelp}

Examples:
  waystation cloud backup --to /mnt/backups
  waystation cloud backup --to /mnt/backups --data /srv/cloud --json`,
  restore: `
Puts a backup in place of a stopped cloud's database. What was there is kept beside it (*.replaced-<time>). At the next
start stations fetch their orders anew and are asked for every fact that the backup does not have; orders imported after
the backup must be imported again.
${postgresHelp}

Examples:
  waystation cloud restore --from /mnt/backups/cloud-2026-11-22T07-33-03-000Z
  waystation cloud restore --from /srv/cloud/backup --data /srv/cloud`,
  backups: `
Lists the automatic backup of the data folder and, with --in, those made by \`cloud backup\`.

Examples:
  waystation cloud backups
  waystation cloud backups --in /mnt/backups --json`,
  invite: `
Invites a person. The code is shown once; with it they set a password and a second factor at the cloud's page.
${tokenHelp}

Examples:
  waystation cloud invite --email admin@example.com --name Administrator --role cloud-admin
  waystation cloud invite --email supervisor@example.com --name Supervisor --role supervisor --hub main --url https://cloud.example`,
  "station-code": `
Makes a station known, or ready to enrol again, and shows the one-time code for \`waystation station enrol\`.
${tokenHelp}

Examples:
  waystation cloud station-code belt-1
  waystation cloud station-code belt-1 --name "Belt 1" --hub main --json`,
} as const;

type Common = { readonly data: string; readonly json: boolean };
type Remote = Common & { readonly url?: string };

/** What an administrator does at the machine of the cloud, or with its admin token. */
export function addCloudCommand(program: Command): void {
  const cloud = program.command("cloud").description("back up, restore and administer a cloud");
  const add = (name: keyof typeof helps, says: string, argument?: string): Command =>
    cloud
      .command(argument === undefined ? name : `${name} ${argument}`)
      .description(says)
      .option("--data <folder>", "the cloud's data folder, or that of `waystation start`", defaultDataFolder)
      .option("--json", "print JSON", false)
      .addHelpText("after", helps[name]);
  const url = "address of the cloud (default: that of the data folder, or http://127.0.0.1:8787)";

  add("backup", "copy the embedded database")
    .requiredOption("--to <folder>", "where the copy goes, in a folder of its own")
    .option("--url <url>", url)
    .action(runBackup);
  add("restore", "put a backup in place")
    .requiredOption(
      "--from <folder>",
      "a copy made by `cloud backup`, or the `backup` folder of a data folder",
    )
    .action(runRestore);
  add("backups", "list backups")
    .option("--in <folder>", "where `cloud backup` put its copies")
    .action(runBackups);
  add("invite", "invite a person")
    .requiredOption("--email <address>", "what they sign in with")
    .requiredOption("--name <name>", "what they are called")
    .requiredOption("--role <role>", roleSchema.options.join(", "))
    .option("--hub <hub>", "only there (default: every hub)")
    .option("--url <url>", url)
    .action(runInvite);
  add("station-code", "a one-time code for a station", "<station>")
    .option("--name <name>", "what people call it")
    .option("--hub <hub>", "where it stands")
    .option("--url <url>", url)
    .action(runStationCode);
}

/** `waystation start` keeps the cloud in a folder of its own below its data folder. */
const cloudFolder = (data: string): string =>
  existsSync(join(data, "waystation-data.json")) ? join(resolve(data), "cloud") : resolve(data);

async function runBackup(options: Remote & { readonly to: string }): Promise<void> {
  const refused = await refuseOnPostgres(options.data);
  if (refused !== null) return report(refused, options);
  const asked = await askForBackup(options);
  if (!asked.ok) return report(asked.failure, options);
  const { copyBackup } = await import("@waystation/cloud-api/db/named-backup");
  const copied = await copyBackup(cloudFolder(options.data), resolve(options.to));
  if (!copied.ok) return report(copied.failure, options);
  const { path, takenAt, bytes } = copied.value;
  if (options.json) return printJson(copied.value);
  printText(`Copied the backup of ${takenAt} (${megabytes(bytes)}) to ${path}.`);
}

/** Nothing to ask where no cloud runs: then the database itself is copied. */
async function askForBackup(options: Remote): Promise<Result<null>> {
  if (!existsSync(join(cloudFolder(options.data), "cloud.lock"))) return succeed(null);
  const asked = await callCloud(options, "/v1/backups", {}, z.object({ takenAt: z.string().nullable() }));
  // The lock may be that of a cloud that died.
  return asked.ok || asked.failure.code === "cloud.unreachable" ? succeed(null) : asked;
}

async function runRestore(options: Common & { readonly from: string }): Promise<void> {
  const refused = await refuseOnPostgres(options.data);
  if (refused !== null) return report(refused, options);
  const { restoreNamedBackup } = await import("@waystation/cloud-api/db/named-backup");
  const restored = await restoreNamedBackup(resolve(options.from), cloudFolder(options.data));
  if (!restored.ok) return report(restored.failure, options);
  const { takenAt, kept } = restored.value;
  if (options.json) return printJson(restored.value);
  printText(`Restored the backup of ${takenAt}. Start the cloud now.`);
  if (kept.length > 0)
    printText("What was there is kept; delete it when all is well:", ...kept.map((path) => `  ${path}`));
}

async function runBackups(options: Common & { readonly in?: string }): Promise<void> {
  const refused = await refuseOnPostgres(options.data);
  if (refused !== null) return report(refused, options);
  const { listBackups } = await import("@waystation/cloud-api/db/named-backup");
  const folder = options.in === undefined ? null : resolve(options.in);
  const backups = await listBackups(cloudFolder(options.data), folder);
  if (options.json) return printJson({ backups });
  if (backups.length === 0) return printText("There are no backups yet.");
  const rows = backups.map(({ takenAt, bytes, automatic, path }) => [
    takenAt,
    megabytes(bytes),
    automatic ? "automatic" : "copy",
    path,
  ]);
  printText(...layOutTable([["TAKEN", "SIZE", "KIND", "PATH"], ...rows]));
}

type InviteInput = Remote & {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly hub?: string;
};

async function runInvite(options: InviteInput): Promise<void> {
  const role = roleSchema.safeParse(options.role);
  if (!role.success) {
    const reason = `--role must be one of ${roleSchema.options.join(", ")}`;
    return report(fail("request.invalid", { reason }).failure, options, exitCodes.usage);
  }
  const { email, name, hub = null } = options;
  const body = { email, name, roles: [{ role: role.data, hubId: hub }] };
  const replySchema = z.object({ personId: z.string(), code: z.string(), expiresAt: z.string() });
  const invited = await callCloud(options, "/v1/people", body, replySchema);
  if (!invited.ok) return report(invited.failure, options);
  if (options.json) return printJson(invited.value);
  printText(`Invitation for ${email}, good until ${invited.value.expiresAt}:`, `  ${invited.value.code}`);
}

async function runStationCode(
  stationId: string,
  options: Remote & { readonly name?: string; readonly hub?: string },
): Promise<void> {
  const { name, hub } = options;
  const body = {
    stationId,
    ...(name === undefined ? {} : { name }),
    ...(hub === undefined ? {} : { hubId: hub }),
  };
  const replySchema = z.object({ stationId: z.string(), code: z.string(), expiresAt: z.string() });
  const prepared = await callCloud(options, "/v1/stations", body, replySchema);
  if (!prepared.ok) return report(prepared.failure, options);
  if (options.json) return printJson(prepared.value);
  printText(`Code for ${stationId}, good until ${prepared.value.expiresAt}:`, `  ${prepared.value.code}`);
}

async function callCloud<Reply>(
  { data, url }: Remote,
  path: string,
  body: object,
  schema: z.ZodType<Reply>,
): Promise<Result<Reply>> {
  const { createCloudClient } = await import("../start/call-cloud.ts");
  const { readRunningState } = await import("../processes/run-file.ts");
  const run = readRunningState(resolve(data));
  const token = process.env.WAYSTATION_CLOUD_ADMIN_TOKEN ?? run?.tokens.admin;
  const address = url ?? run?.urls.cloud ?? "http://127.0.0.1:8787";
  if (token === undefined || token === "")
    return fail("config.invalid", {
      reason: "WAYSTATION_CLOUD_ADMIN_TOKEN is not set: give the cloud's admin token",
    });
  if (!/^https?:$/.test(URL.parse(address)?.protocol ?? ""))
    return fail("request.invalid", { reason: `--url ${address} is not an address` });
  return createCloudClient(address, token)({ path, body: JSON.stringify(body) }, schema);
}

/** Only where nothing embedded is in the folder: the variable may belong to another program. */
async function refuseOnPostgres(data: string): Promise<Failure | null> {
  if ((process.env.DATABASE_URL ?? "") === "" || existsSync(join(cloudFolder(data), "database"))) return null;
  const { postgresHint } = await import("@waystation/cloud-api/modules/backups/postgres-hint");
  return fail("command.not-possible", { reason: postgresHint }).failure;
}

const report = (failure: Failure, { json }: Common, exitCode?: number): void =>
  reportFailure(failure, { json, ...(exitCode === undefined ? {} : { exitCode }) });

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1_000_000)} MB`;
