import { assert } from "@waystation/shared/failures/assert";
import { genericDws } from "./dimensioners/models.ts";
import type { DeviceDefinition } from "./kit/define.ts";
import { zebraZd421, zebraZt411, zplPrinter } from "./printers/models.ts";
import { kernKcp, mettlerIcs, mtSicsScale } from "./scales/models.ts";
import { aimScanner, datalogicGryphon, honeywellXenon, zebraDs } from "./scanners/models.ts";
import { genericModbusSorter } from "./sorters/models.ts";

export const deviceDefinitions: readonly DeviceDefinition[] = [
  mtSicsScale,
  mettlerIcs,
  kernKcp,
  aimScanner,
  honeywellXenon,
  zebraDs,
  datalogicGryphon,
  genericDws,
  zplPrinter,
  zebraZd421,
  zebraZt411,
  genericModbusSorter,
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
