import type { DeviceDefinition } from "@waystation/drivers/kit/define";
import { type Discovery, discoverLines, type FoundLine } from "@waystation/drivers/transport/discover";

export type DiscoveredLine = FoundLine & {
  /** Models that are known by these USB numbers; empty: unknown, or only a cable's adapter. */
  readonly models: readonly string[];
};

/** What hangs on this machine, and which of our models it may be. */
export async function discoverDevices(
  definitions: readonly DeviceDefinition[],
): Promise<Omit<Discovery, "lines"> & { readonly lines: readonly DiscoveredLine[] }> {
  const { lines, unavailable } = await discoverLines();
  return { lines: lines.map((line) => ({ ...line, models: findModels(line, definitions) })), unavailable };
}

const findModels = ({ vendorId, productId }: FoundLine, definitions: readonly DeviceDefinition[]) =>
  definitions
    .filter(({ usbIds }) => usbIds.some((id) => id.vendorId === vendorId && id.productId === productId))
    .map(({ model }) => model);
