import { createInterface } from "node:readline";
import { findFamily } from "@waystation/drivers/registry";
import { obeyTwin, type TwinAnswer } from "@waystation/drivers/twins/obey-twin";
import { startTwin, twinFamilies } from "@waystation/drivers/twins/registry";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { printJson, printText } from "../output.ts";
import { writeConnection } from "./parse-connection.ts";

export { twinFamilies } from "@waystation/drivers/twins/registry";

/** A twin at the terminal, until its input ends or Ctrl-C. Failure request.invalid for an unknown family or option. */
export async function runTwin(input: {
  readonly family: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly json: boolean;
}): Promise<Result<null>> {
  const definition = findFamily(input.family);
  const family = definition?.familyName ?? input.family;
  const say = (answer: TwinAnswer) => (input.json ? printJson(answer) : printText(JSON.stringify(answer)));
  const starting = startTwin(family, input.options, { onEvent: say });
  if (starting === null)
    return fail("request.invalid", {
      reason: `there is no twin "${input.family}"; there are ${twinFamilies.join(", ")}`,
    });
  const twin = await starting.catch((error: unknown) => describeStart(error));
  if ("failure" in twin) return twin;
  say({ event: "ready", family, connection: twin.connection });
  if (!input.json && definition !== null)
    printText(
      `Try it: waystation device try --model ${definition.model} --connection ${writeConnection(twin.connection)}`,
    );
  const lines = createInterface({ input: process.stdin });
  const ended = Promise.withResolvers<void>();
  lines.on("line", (line) => void obeyTwin(twin, readCommand(line), say));
  lines.on("close", () => ended.resolve());
  process.once("SIGINT", () => ended.resolve());
  process.once("SIGTERM", () => ended.resolve());
  await ended.promise;
  lines.close();
  await twin.stop();
  return succeed(null);
}

const describeStart = (error: unknown) =>
  fail("request.invalid", {
    reason: `the twin did not start: ${error instanceof Error ? error.message : String(error)}`,
  });

/** `load weightGrams=500` is the same as `{"command":"load","weightGrams":500}`. */
export function readCommand(line: string): string {
  if (line.trimStart().startsWith("{")) return line;
  const [command = "", ...pairs] = line.trim().split(/\s+/);
  const fields = pairs.map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), readValue(pair.slice(at + 1))] as const;
  });
  return JSON.stringify({ command, ...Object.fromEntries(fields) });
}

/** Numbers and yes or no; anything else is text, and so is a number with leading zeros. */
function readValue(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) ? Number(text) : text;
}
