import { indexedGate, startDwsTwin } from "@waystation/drivers/twins/dws";
import type { PrinterTwinState } from "@waystation/drivers/twins/printer";
import { startTwin } from "@waystation/drivers/twins/registry";
import { startScannerTwin } from "@waystation/drivers/twins/scanner";
import { type SorterTwinState, startSorterTwin } from "@waystation/drivers/twins/sorter";
import type { Twin, TwinDeps, TwinEvent } from "@waystation/drivers/twins/twin";
import { createLine } from "./lines.ts";
import type { Platform } from "./platform.ts";
import type { Layout } from "./layout.ts";

export const deviceIds = ["gate", "sorter", "printer", "scanner", "scale"] as const;
export type DeviceId = (typeof deviceIds)[number];

export type TwinTap = {
  readonly onSorter: (event: TwinEvent) => void;
  readonly onLabel: (format: Uint8Array) => void;
};

/** Five devices as the demonstration has them: the twins themselves, on cables inside this process. */
export async function startTwins(platform: Platform, layout: Layout, tap: TwinTap) {
  const lines = {
    gate: createLine(platform),
    sorter: createLine(platform),
    printer: createLine(platform),
    scanner: createLine(platform),
    scale: createLine(platform),
  };
  const on = (device: DeviceId, more: TwinDeps = {}): TwinDeps => ({
    openPipe: lines[device].openPipe,
    ...more,
  });
  const sorterOptions = { ...layout.sorter, chutes: [3, 4, 98], rejectChute: 99 };
  const printer = startTwin("zpl", { printTimeMs: 400 }, on("printer", { onLabel: tap.onLabel }));
  const scale = startTwin("mt-sics", { line: "tcp" }, on("scale"));
  if (printer === null || scale === null) throw new Error("a twin is missing");
  return {
    lines,
    gate: await startDwsTwin({ ...indexedGate, fields: [...indexedGate.fields] }, on("gate")),
    sorter: await startSorterTwin(sorterOptions, on("sorter", { onEvent: tap.onSorter })),
    scanner: await startScannerTwin({ line: "tcp" }, on("scanner")),
    printer: (await printer) as Twin<PrinterTwinState>,
    scale: await scale,
  };
}
export type Twins = Awaited<ReturnType<typeof startTwins>>;
export type { SorterTwinState };
