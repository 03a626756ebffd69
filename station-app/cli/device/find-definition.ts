import { join } from "node:path";
import type { DeviceDefinition } from "@waystation/drivers/kit/define";
import { deviceDefinitions, familyNames, findFamily } from "@waystation/drivers/registry";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { loadDefinitions } from "../../engine/config/load-definitions.ts";

/** The models of the product and of this site, and the site's files that are none. */
export function listDefinitions(dataFolder: string) {
  const { definitions, refused } = loadDefinitions(join(dataFolder, "devices"));
  return { definitions: [...deviceDefinitions, ...definitions.values()], own: definitions, refused };
}

/** Failure request.invalid names the models that come close. */
export function findModel(model: string, dataFolder: string): Result<DeviceDefinition> {
  const { definitions, refused } = listDefinitions(dataFolder);
  const found = definitions.find((definition) => definition.model === model);
  if (found !== undefined) return succeed(found);
  const near = definitions.filter((other) => other.model.includes(model) || model.includes(other.model));
  const hint =
    near.length > 0
      ? `did you mean ${near.map((other) => other.model).join(", ")}?`
      : "`waystation device list` shows all";
  const files = refused.map(({ path, reason }) => ` ${path} was refused: ${reason}.`).join("");
  return fail("request.invalid", { reason: `there is no model "${model}"; ${hint}.${files}` });
}

export function findFamilyDefinition(name: string): Result<DeviceDefinition> {
  const found = findFamily(name);
  if (found !== null) return succeed(found);
  return fail("request.invalid", {
    reason: `there is no family "${name}"; there are ${familyNames().join(", ")}`,
  });
}

/** `--options` as written. Failure request.invalid. */
export function parseOptions(text: string | undefined): Result<Readonly<Record<string, unknown>>> {
  if (text === undefined) return succeed({});
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return succeed(value as Record<string, unknown>);
  } catch {
    // told below, with what was expected
  }
  return fail("request.invalid", { reason: `--options "${text}" is no JSON object, e.g. '{"stream":true}'` });
}
