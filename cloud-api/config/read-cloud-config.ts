import type { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type CloudConfig, cloudConfigSchema } from "./cloud-config.ts";
import { environmentKeys, expectations, secretKeys } from "./environment-keys.ts";
import { readEnvironment } from "./read-environment.ts";

/**
 * `WAYSTATION_CLOUD_PORT=8787` becomes `port`. Fails with config.invalid and one sentence that names the variable,
 * what is wrong with it and what to write instead; never with a secret's value.
 */
export function readCloudConfig(
  environment: Readonly<Record<string, string | undefined>>,
): Result<CloudConfig> {
  const read = readEnvironment(environment);
  if (!read.ok) return read;
  const parsed = cloudConfigSchema.safeParse(read.value);
  if (!parsed.success) return fail("config.invalid", { reason: describeSetting(parsed.error, read.value) });
  const { electricUrl, databaseUrl: database } = parsed.data;
  if (electricUrl !== undefined && database === undefined)
    return fail("config.invalid", {
      reason:
        "ELECTRIC_URL is set without DATABASE_URL: Electric works in front of PostgreSQL only, so set DATABASE_URL or remove ELECTRIC_URL",
    });
  return succeed(Object.freeze(parsed.data));
}

/** The first mistake alone: one sentence is read, a list is not. */
function describeSetting(error: z.ZodError, input: Readonly<Record<string, unknown>>): string {
  const key = String(error.issues[0]?.path[0] ?? "");
  const variable = Object.entries(environmentKeys).find(([, name]) => name === key)?.[0] ?? key;
  const value = input[key];
  const expected = expectations[key as keyof CloudConfig];
  const wrong =
    value === undefined
      ? "is not set"
      : secretKeys.has(key)
        ? "has a value that cannot be used"
        : `cannot be ${JSON.stringify(String(value).slice(0, 80))}`;
  return `${variable} ${wrong}: give ${expected}`;
}
