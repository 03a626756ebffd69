import { fail, type Result } from "@waystation/shared/failures/result";
import { z } from "zod";
import type { DeviceDefinition } from "./kit/define.ts";
import { familyNames, findDefinition, findFamily } from "./registry.ts";
import { serialLineSchema } from "./transport/connection.ts";

const usbNumber = z.string().regex(/^[0-9a-f]{4}$/i, "four hexadecimal digits, like 0922");

/** A device of a known family, described in a file: data only, so it can do no more than its family can. */
const definitionSchema = z.strictObject({
  version: z.literal(1),
  model: z.string().regex(/^[a-z0-9][a-z0-9-]{1,63}$/, "small letters, digits and hyphens"),
  family: z.string(),
  vendor: z.string().min(1).max(80),
  names: z.array(z.string().min(1).max(80)).min(1).max(20),
  options: z.record(z.string(), z.unknown()).optional(),
  serial: serialLineSchema.optional(),
  tcpPort: z.int().min(1).max(65_535).optional(),
  usbIds: z
    .array(z.strictObject({ vendorId: usbNumber, productId: usbNumber }))
    .max(20)
    .optional(),
  /** Where the settings come from: a manual, a page, a person's own trial. */
  source: z.string().min(1).max(400),
});

const parseHex = (digits: string) => Number.parseInt(digits, 16);

/**
 * One definition out of a JSON value. Failure config.invalid says what is wrong: not the form, an unknown family, a
 * sorter (a wrong word there throws parcels about), a model that exists, options its family does not know.
 */
export function readUserDefinition(value: unknown): Result<DeviceDefinition> {
  const parsed = definitionSchema.safeParse(value);
  if (!parsed.success) return fail("config.invalid", { reason: z.prettifyError(parsed.error) });
  const { version: _, family: familyName, usbIds, ...data } = parsed.data;
  const family = findFamily(familyName);
  if (family === null) {
    const known = familyNames().join(", ");
    return fail("config.invalid", { reason: `family: there is no "${familyName}", only ${known}` });
  }
  if (family.kind === "sorter")
    return fail("config.invalid", { reason: "family: a sorter cannot be defined by a file" });
  if (findDefinition(data.model) !== null)
    return fail("config.invalid", { reason: `model: "${data.model}" exists already` });
  const ids = usbIds?.map(({ vendorId, productId }) => ({
    vendorId: parseHex(vendorId),
    productId: parseHex(productId),
  }));
  return family.derive({ ...data, usbIds: ids });
}

export type UserDefinitions = {
  readonly definitions: ReadonlyMap<string, DeviceDefinition>;
  /** Files that are no definition; the others hold all the same. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
};

/** Models of several files; of two files with one model the second is refused. */
export function readUserDefinitions(
  files: readonly { readonly path: string; readonly value: unknown }[],
): UserDefinitions {
  const definitions = new Map<string, DeviceDefinition>();
  const refused: { path: string; reason: string }[] = [];
  for (const { path, value } of files) {
    const definition = readUserDefinition(value);
    if (!definition.ok) refused.push({ path, reason: String(definition.failure.details.reason) });
    else if (definitions.has(definition.value.model))
      refused.push({ path, reason: `model: "${definition.value.model}" is defined by another file too` });
    else definitions.set(definition.value.model, definition.value);
  }
  return { definitions, refused };
}
