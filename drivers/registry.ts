import { assert } from "@waystation/shared/failures/assert";
import { cubiscanModels } from "./dimensioners/cubiscan.ts";
import { dwsDelimitedModels } from "./dimensioners/dws-delimited.ts";
import { dwsJsonModels } from "./dimensioners/dws-json.ts";
import { sickMdaModels } from "./dimensioners/sick-mda.ts";
import type { DeviceDefinition } from "./kit/define.ts";
import { cpclModels } from "./printers/cpcl.ts";
import { eplModels } from "./printers/epl.ts";
import { escposModels } from "./printers/escpos.ts";
import { spooledModels } from "./printers/spooled.ts";
import { tsplModels } from "./printers/tspl.ts";
import { zplModels } from "./printers/zpl.ts";
import { hidPosScaleModels } from "./scales/hid-pos-scale.ts";
import { adamAzModels } from "./scales/adam-az.ts";
import { adamCpwModels } from "./scales/adam-cpw.ts";
import { andStandardModels } from "./scales/and-standard.ts";
import { cas22Models } from "./scales/cas-22.ts";
import { casSwModels } from "./scales/cas-sw.ts";
import { delimitedScaleModels } from "./scales/delimited-scale.ts";
import { ohausModels } from "./scales/ohaus.ts";
import { sartoriusSbiModels } from "./scales/sartorius-sbi.ts";
import { fairbanksSmaModels } from "./scales/fairbanks-sma.ts";
import { fairbanksUpsModels } from "./scales/fairbanks-ups.ts";
import { mtSicsModels } from "./scales/mt-sics.ts";
import { nciScpModels } from "./scales/nci-scp.ts";
import { hidPosScannerModels } from "./scanners/hid-pos-scanner.ts";
import { microscanHidModels } from "./scanners/microscan-hid.ts";
import { cognexDmccModels } from "./scanners/cognex-dmcc.ts";
import { keyenceModels } from "./scanners/keyence.ts";
import { tcpScannerModels } from "./scanners/tcp-scanner.ts";
import { toledo8217Models } from "./scales/toledo-8217.ts";
import { toledoContinuousModels } from "./scales/toledo-continuous.ts";
import { serialAimModels } from "./scanners/serial-aim.ts";
import { jdWcsModels } from "./sorters/jd-wcs.ts";
import { modbusModels } from "./sorters/modbus.ts";
import { osipModels } from "./sorters/osip.ts";
import { ethernetIpModels, opcUaModels, s7Models } from "./sorters/plc-gateways.ts";
import { sorterJsonModels } from "./sorters/sorter-json.ts";

/** Every model, family by family; the first of a family is its generic one and bears the family's name. */
export const deviceDefinitions: readonly DeviceDefinition[] = [
  ...mtSicsModels,
  ...toledo8217Models,
  ...toledoContinuousModels,
  ...nciScpModels,
  ...fairbanksSmaModels,
  ...fairbanksUpsModels,
  ...adamAzModels,
  ...adamCpwModels,
  ...andStandardModels,
  ...cas22Models,
  ...casSwModels,
  ...delimitedScaleModels,
  ...ohausModels,
  ...sartoriusSbiModels,
  ...hidPosScaleModels,
  ...serialAimModels,
  ...tcpScannerModels,
  ...cognexDmccModels,
  ...keyenceModels,
  ...hidPosScannerModels,
  ...microscanHidModels,
  ...dwsDelimitedModels,
  ...dwsJsonModels,
  ...cubiscanModels,
  ...sickMdaModels,
  ...zplModels,
  ...tsplModels,
  ...eplModels,
  ...cpclModels,
  ...escposModels,
  ...spooledModels,
  ...modbusModels,
  ...s7Models,
  ...ethernetIpModels,
  ...opcUaModels,
  ...jdWcsModels,
  ...osipModels,
  ...sorterJsonModels,
];

const byModel = indexByModel(deviceDefinitions);

export function findDefinition(model: string): DeviceDefinition | null {
  return byModel.get(model) ?? null;
}

/** The generic model of a family. A printer's family is also known by what can be decoded of it: `zpl-status`. */
export function findFamily(name: string): DeviceDefinition | null {
  const plain = name.replace(/-status$/, "");
  return (
    deviceDefinitions.find(({ familyName }) => familyName === name) ??
    deviceDefinitions.find(({ familyName, kind }) => kind === "printer" && familyName === plain) ??
    null
  );
}

/** Names as a person writes them to `device decode` and `device twin`. */
export const familyNames = (): readonly string[] => [
  ...new Set(
    deviceDefinitions.map(({ familyName, kind }) =>
      kind === "printer" ? `${familyName}-status` : familyName,
    ),
  ),
];

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
