import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../conformance/recorder.ts";
import { exchangeFiles, type HostCommand } from "../commands.ts";

let asked = 0;

/** Resolves when the host has done it. */
export async function askHost(command: HostCommand): Promise<void> {
  asked += 1;
  const question = join(exchangeFiles.guestFolder, exchangeFiles.question(asked));
  const answer = join(exchangeFiles.guestFolder, exchangeFiles.answer(asked));
  writeFileSync(`${question}.part`, JSON.stringify(command));
  renameSync(`${question}.part`, question);
  await until(() => existsSync(answer), `the host's answer to ${command.command}`);
  const { error } = JSON.parse(readFileSync(answer, "utf8"));
  if (error !== null) throw new Error(`host: ${error}`);
}
