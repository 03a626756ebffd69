import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import { InvalidArgumentError, Option } from "commander";
import { exitCodes, reportFailure } from "../../output.ts";
import { defaultDataFolder } from "../../start/default-folder.ts";

/** What the commands about devices have in common. */

export const dataOption = () =>
  new Option("--data <folder>", "the data folder; its devices/*.json are this site's own models").default(
    defaultDataFolder,
  );
export const jsonOption = () => new Option("--json", "print JSON").default(false);

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("It is a number of seconds up to 86400.");
}

export const usageFailure = ({ failure }: { readonly failure: Failure }, json: boolean) =>
  reportFailure(failure, { json, exitCode: exitCodes.usage });

/** Ends what runs on Ctrl-C, so that the line is closed and what was recorded is kept. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  process.once("SIGTERM", () => controller.abort());
  return controller.signal;
}

/** The connection, the model if one was named, and its options, as a person gave them. */
export async function readTarget(given: {
  readonly connection: string;
  readonly model?: string;
  readonly options?: string;
  readonly data: string;
}) {
  const { findModel, parseOptions } = await import("../../device/find-definition.ts");
  const { parseConnection } = await import("../../device/parse-connection.ts");
  const connection = parseConnection(given.connection);
  if (!connection.ok) return connection;
  const options = parseOptions(given.options);
  if (!options.ok) return options;
  const found = given.model === undefined ? succeed(null) : findModel(given.model, resolve(given.data));
  if (!found.ok) return found;
  return succeed({ connection: connection.value, definition: found.value, options: options.value });
}

/** A file of raw bytes; - is standard input. */
export function readBytes(file: string): Result<Uint8Array> {
  try {
    return succeed(readFileSync(file === "-" ? 0 : file));
  } catch (error) {
    return fail("request.invalid", { reason: `${file} cannot be read` }, error);
  }
}

/** 0922:8003 */
export const formatUsbId = ({ vendorId, productId }: { vendorId: number; productId: number }) =>
  [vendorId, productId].map((id) => id.toString(16).padStart(4, "0")).join(":");
