import { resolve } from "node:path";
import { fail } from "@waystation/shared/failures/result";
import type { Command } from "commander";
import { exitCodes, layOutTable, printJson, printText, reportFailure } from "../output.ts";
import { defaultDataFolder } from "../start/default-folder.ts";

const help = `
Writes one file to send to support: versions, configuration, states of lanes and devices, sizes, whether the log of
facts is whole, the ends of the logs, and of a cloud its readiness, measurements and backups.

What is in it is chosen and not cleaned: ids, numbers, states and codes of ours go in, every other text is left out. So
there are no tokens, keys, passwords, orders, names or addresses in it. Look into it before you send it: tar tzf FILE.
A cloud is asked with --cloud; from another machine set WAYSTATION_CLOUD_METRICS_TOKEN.

Examples:
  waystation support bundle --out support.tar.gz
  waystation support bundle --data /srv/waystation --cloud http://127.0.0.1:8787 --out /tmp/support.tar.gz --json`;

type Options = {
  readonly data: string;
  readonly out: string;
  readonly cloud?: string;
  readonly verify: boolean;
  readonly json: boolean;
};

export function addSupportCommand(program: Command): void {
  program
    .command("support")
    .description("what support needs to help")
    .command("bundle")
    .description("write a file for support, without secrets and without people's data")
    .requiredOption("--out <file>", "the file to write, .tar.gz")
    .option("--data <folder>", "the data folder", defaultDataFolder)
    .option("--cloud <url>", "also ask this cloud")
    .option("--verify", "read every fact even of a large log", false)
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action(runBundle);
}

async function runBundle({ data, out, cloud, verify, json }: Options): Promise<void> {
  const refuse = (reason: string): void =>
    reportFailure(fail("request.invalid", { reason }).failure, { json, exitCode: exitCodes.usage });
  if (cloud !== undefined && !/^https?:$/.test(URL.parse(cloud)?.protocol ?? ""))
    return refuse(`--cloud ${cloud} is not an address`);
  const { existsSync, writeFileSync } = await import("node:fs");
  const folder = resolve(data);
  if (!existsSync(folder)) return refuse(`there is no folder ${folder}`);
  const { gzipSync } = await import("node:zlib");
  const { collectBundle } = await import("../support/collect.ts");
  const { writeTar } = await import("../support/write-tar.ts");
  const metricsToken = process.env.WAYSTATION_CLOUD_METRICS_TOKEN ?? null;
  const entries = await collectBundle({ data: folder, cloudUrl: cloud ?? null, metricsToken, verify });
  const path = resolve(out);
  try {
    // Never over something that is there.
    writeFileSync(path, gzipSync(writeTar(entries, Date.now())), { mode: 0o600, flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return refuse(`${path} cannot be written (${code})`);
  }
  const contents = entries.map(({ name, content }) => ({ name, bytes: content.length }));
  if (json) return printJson({ path, contents });
  printText(
    `Wrote ${path}. In it:`,
    ...layOutTable(contents.map(({ name, bytes }) => [`  ${name}`, `${bytes} bytes`])),
    "No tokens, keys, passwords, orders, names or addresses; every text that is not ours was left out.",
  );
}
