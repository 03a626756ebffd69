import { cubiscanDialect } from "./dimensioners/cubiscan.ts";
import { dwsJsonDialect } from "./dimensioners/dws-json.ts";
import { sickMdaDialect } from "./dimensioners/sick-mda.ts";
import { createDwsTwin, startDwsTwin } from "./dws.ts";
import { startHidScannerTwin, startMicroscanTwin } from "./hid-scanner.ts";
import { createPrinterTwin } from "./printer.ts";
import { cpclDialect } from "./printer-cpcl.ts";
import { eplDialect } from "./printer-epl.ts";
import { escposDialect } from "./printer-escpos.ts";
import { tsplDialect } from "./printer-tspl.ts";
import { zplDialect } from "./printer-zpl.ts";
import { createScaleTwin } from "./scale.ts";
import { hidPosScaleDialect } from "./scales/hid-pos-scale.ts";
import { adamAzDialect } from "./scales/adam-az.ts";
import { adamCpwDialect } from "./scales/adam-cpw.ts";
import { andStandardDialect } from "./scales/and-standard.ts";
import { cas22Dialect } from "./scales/cas-22.ts";
import { casSwDialect } from "./scales/cas-sw.ts";
import { delimitedScaleDialect } from "./scales/delimited-scale.ts";
import { ohausDialect } from "./scales/ohaus.ts";
import { sartoriusSbiDialect } from "./scales/sartorius-sbi.ts";
import { fairbanksSmaDialect } from "./scales/fairbanks-sma.ts";
import { fairbanksUpsDialect } from "./scales/fairbanks-ups.ts";
import { mtSicsDialect } from "./scales/mt-sics.ts";
import { nciScpDialect } from "./scales/nci-scp.ts";
import { toledo8217Dialect } from "./scales/toledo-8217.ts";
import { toledoContinuousDialect } from "./scales/toledo-continuous.ts";
import { createScannerTwin, startScannerTwin } from "./scanner.ts";
import { cognexDmccDialect } from "./scanners/cognex-dmcc.ts";
import { keyenceDialect } from "./scanners/keyence.ts";
import { startSorterTwin } from "./sorter.ts";
import { startEthernetIpSorterTwin } from "./sorters/ethernet-ip.ts";
import { startJdWcsTwin } from "./sorters/jd-wcs.ts";
import { startOsipTwin } from "./sorters/osip.ts";
import { startS7SorterTwin } from "./sorters/s7.ts";
import { startSorterJsonTwin } from "./sorters/sorter-json.ts";
import type { Twin, TwinDeps } from "./twin.ts";

type StartTwin = (options: never, deps: TwinDeps) => Promise<Twin<unknown>>;

/** The other end of every family, by the family's name. */
const twins: ReadonlyMap<string, StartTwin> = new Map<string, StartTwin>([
  ["mt-sics", createScaleTwin(mtSicsDialect)],
  ["toledo-8217", createScaleTwin(toledo8217Dialect)],
  ["toledo-continuous", createScaleTwin(toledoContinuousDialect)],
  ["nci-scp", createScaleTwin(nciScpDialect)],
  ["fairbanks-sma", createScaleTwin(fairbanksSmaDialect)],
  ["fairbanks-ups", createScaleTwin(fairbanksUpsDialect)],
  ["adam-az", createScaleTwin(adamAzDialect)],
  ["adam-cpw", createScaleTwin(adamCpwDialect)],
  ["and-standard", createScaleTwin(andStandardDialect)],
  ["cas-22", createScaleTwin(cas22Dialect)],
  ["cas-sw", createScaleTwin(casSwDialect)],
  ["delimited-scale", createScaleTwin(delimitedScaleDialect)],
  ["ohaus", createScaleTwin(ohausDialect)],
  ["sartorius-sbi", createScaleTwin(sartoriusSbiDialect)],
  ["hid-pos-scale", createScaleTwin(hidPosScaleDialect)],
  ["serial-aim", startScannerTwin],
  ["tcp-scanner", startScannerTwin],
  ["cognex-dmcc", createScannerTwin(cognexDmccDialect)],
  ["keyence", createScannerTwin(keyenceDialect)],
  ["hid-pos-scanner", startHidScannerTwin],
  ["microscan-hid", startMicroscanTwin],
  ["dws-delimited", startDwsTwin],
  ["dws-json", createDwsTwin(dwsJsonDialect)],
  ["cubiscan", createDwsTwin(cubiscanDialect)],
  ["sick-mda", createDwsTwin(sickMdaDialect)],
  ["zpl", createPrinterTwin(zplDialect)],
  ["tspl", createPrinterTwin(tsplDialect)],
  ["epl", createPrinterTwin(eplDialect)],
  ["cpcl", createPrinterTwin(cpclDialect)],
  ["escpos", createPrinterTwin(escposDialect)],
  ["modbus", startSorterTwin],
  ["s7", startS7SorterTwin],
  ["ethernet-ip", startEthernetIpSorterTwin],
  ["jd-wcs", startJdWcsTwin],
  ["osip", startOsipTwin],
  ["sorter-json", startSorterJsonTwin],
  // a whole OPC UA server comes with it: loaded when it is wanted
  [
    "opc-ua",
    async (options, deps) => (await import("./sorters/opc-ua.ts")).startOpcUaSorterTwin(options, deps),
  ],
]);

export const twinFamilies: readonly string[] = [...twins.keys()];

/** Options are checked by the twin itself, which throws on those it does not know. null: no such family. */
export function startTwin(
  family: string,
  options: Readonly<Record<string, unknown>> = {},
  deps: TwinDeps = {},
): Promise<Twin<unknown>> | null {
  return twins.get(family)?.(options as never, deps) ?? null;
}
