import { assert } from "@waystation/shared/failures/assert";
import { dwsDelimitedModels } from "./dimensioners/dws-delimited.ts";
import type { DeviceDefinition } from "./kit/define.ts";
import { zplModels } from "./printers/zpl.ts";
import { mtSicsModels } from "./scales/mt-sics.ts";
import { serialAimModels } from "./scanners/serial-aim.ts";
import { modbusModels } from "./sorters/modbus.ts";

/** Every model, family by family; the first of a family is its generic one and bears the family's name. */
export const deviceDefinitions: readonly DeviceDefinition[] = [
  ...mtSicsModels,
  ...serialAimModels,
  ...dwsDelimitedModels,
  ...zplModels,
  ...modbusModels,
];

const byModel = indexByModel(deviceDefinitions);

export function findDefinition(model: string): DeviceDefinition | null {
  return byModel.get(model) ?? null;
}

/** Two definitions of one model are a bug: a binding would not know which it means. */
export function indexByModel(
  definitions: readonly DeviceDefinition[],
): ReadonlyMap<string, DeviceDefinition> {
  const index = new Map<string, DeviceDefinition>();
  for (const definition of definitions) {
    assert(!index.has(definition.model), `device model ${definition.model} is defined twice`);
    index.set(definition.model, definition);
  }
  return index;
}
