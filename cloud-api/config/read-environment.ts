import { readFileSync } from "node:fs";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { environmentKeys } from "./environment-keys.ts";

type Environment = Readonly<Record<string, string | undefined>>;
const prefix = "WAYSTATION_CLOUD_";
const numericKeys: ReadonlySet<string> = new Set([
  "port",
  "backupIntervalMs",
  "longPollMs",
  "stopGraceMs",
  "retentionDays",
  "proxyHops",
  "enrolmentCodeMs",
]);
/** Secrets may lie in files, as containers mount them: the variable with this ending names the file. */
const fileEnding = "_FILE";
const inFiles = [
  "WAYSTATION_CLOUD_ADMIN_TOKEN",
  "WAYSTATION_CLOUD_METRICS_TOKEN",
  "WAYSTATION_CLOUD_AUTH_SECRET",
  "DATABASE_URL",
  "ELECTRIC_SECRET",
];

/** The settings as the environment gives them. Fails with config.invalid, naming the variable. */
export function readEnvironment(environment: Environment): Result<Record<string, unknown>> {
  const unknown = findUnknown(environment);
  if (unknown !== null) return unknown;
  const settings: Record<string, unknown> = {};
  for (const [variable, key] of Object.entries(environmentKeys)) {
    const text = readVariable(environment, variable);
    if (!text.ok) return text;
    if (text.value === "") continue;
    settings[key] = numericKeys.has(key) ? toNumber(text.value) : text.value;
  }
  return succeed(settings);
}

/** A number is written in digits; anything else stays as it is and is shown to whoever wrote it. */
const toNumber = (text: string): unknown => (/^\d{1,12}$/.test(text) ? Number(text) : text);

function readVariable(environment: Environment, variable: string): Result<string> {
  const value = environment[variable] ?? "";
  const path = inFiles.includes(variable) ? (environment[`${variable}${fileEnding}`] ?? "") : "";
  if (path === "") return succeed(value);
  if (value !== "")
    return invalid(`${variable} and ${variable}${fileEnding} are both set: remove one of them`);
  try {
    return succeed(readFileSync(path, "utf8").trim());
  } catch (error) {
    return invalid(
      `${variable}${fileEnding}: ${path} cannot be read (${errorCode(error)}): name a readable file`,
    );
  }
}

function findUnknown(environment: Environment): Result<never> | null {
  const known = [...Object.keys(environmentKeys), ...inFiles.map((name) => `${name}${fileEnding}`)];
  const stray = Object.keys(environment).find((name) => name.startsWith(prefix) && !known.includes(name));
  if (stray === undefined) return null;
  const [nearest] = known.toSorted((left, right) => distance(left, stray) - distance(right, stray));
  return invalid(`${stray} is not a setting: did you mean ${nearest}?`);
}

const invalid = (reason: string) => fail("config.invalid", { reason });

const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown error";

/** How many letters must be changed, added or taken away to turn one word into the other. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at += 1) {
    const next = [at];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[at - 1] === right[column - 1] ? 0 : 1;
      const candidates = [(row[column - 1] ?? 0) + same, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1];
      next.push(Math.min(...candidates));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
