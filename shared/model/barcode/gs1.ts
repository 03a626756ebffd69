import { type Gs1Element, parseGs1Scan } from "../gs1/parse.ts";
import type { Candidate } from "./format.ts";
import { type NormalisedScan, normaliseScan } from "./normalise.ts";

/**
 * Identifiers a parcel may be filed under, the most particular first: SSCC, consignment, shipment, customer's
 * order, serial number of the goods.
 */
const filingAis = ["00", "401", "402", "400", "21"] as const;

/**
 * Reads data known to be GS1 by its symbology, separators or brackets: any digits would parse as something.
 * An IMpb is GS1 too, but its 420 and 9x name no parcel outside USPS and give no match here.
 */
export function readGs1(scan: NormalisedScan): Candidate[] {
  if (!scan.isGs1) return [];
  const reading = parseGs1Scan(scan);
  if (!reading.ok) return [];
  const filed = filingAis.flatMap((ai) => reading.elements.filter((element) => element.ai === ai));
  const [first] = filed;
  if (first === undefined) return [];
  const sscc = filed.filter((element) => element.ai === "00").map(ssccCandidate);
  return [...sscc, elementsCandidate(first, filed, reading.elements)];
}

function ssccCandidate({ value, checkDigitValid }: Gs1Element): Candidate {
  const shared = { carrier: "sscc", name: "SSCC (00)", evidence: "prefix" } as const;
  return { ...shared, trackingNumber: value, checkDigitValid, aliases: [`00${value}`] };
}

/** Its check digit is valid only if those of all its elements are; null if none has one. */
function elementsCandidate(
  first: Gs1Element,
  filed: readonly Gs1Element[],
  elements: readonly Gs1Element[],
): Candidate {
  const checks = elements.flatMap((element) => element.checkDigitValid ?? []);
  return {
    carrier: "gs1",
    trackingNumber: toKey(first),
    checkDigitValid: checks.length === 0 ? null : checks.every(Boolean),
    name: `GS1 (${first.ai})`,
    evidence: "structure",
    aliases: filed.map(toKey),
  };
}

/** In the form it would have as a scan of its own. */
function toKey({ value }: Gs1Element): string {
  return normaliseScan(value)?.data ?? "";
}
