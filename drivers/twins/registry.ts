import { startDwsTwin } from "./dws.ts";
import { startPrinterTwin } from "./printer.ts";
import { createScaleTwin } from "./scale.ts";
import { mtSicsDialect } from "./scales/mt-sics.ts";
import { startScannerTwin } from "./scanner.ts";
import { startSorterTwin } from "./sorter.ts";
import type { Twin, TwinDeps } from "./twin.ts";

type StartTwin = (options: never, deps: TwinDeps) => Promise<Twin<unknown>>;

/** The other end of every family, by the family's name. */
const twins: ReadonlyMap<string, StartTwin> = new Map<string, StartTwin>([
  ["mt-sics", createScaleTwin(mtSicsDialect)],
  ["serial-aim", startScannerTwin],
  ["dws-delimited", startDwsTwin],
  ["zpl", startPrinterTwin],
  ["modbus", startSorterTwin],
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
