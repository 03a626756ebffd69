import { findCandidates } from "./identify.ts";
import { normaliseScan } from "./normalise.ts";

export const maxIdentifiers = 12;
export const maxIdentifierLength = 128;

/**
 * The keys a parcel may be filed under, the surest first. The same function serves filing an order (its
 * waybill, tracking number and reference) and looking one up (a scan): two forms of one number share a key.
 *
 * The normalised text itself, then of every match whose check digit is not wrong the tracking number, then
 * their other forms: SSCC with 00, DPD with check character, SmartPost with 92, and the GS1 values of
 * 00, 401, 402, 400 and 21. The last two name an order or an article rather than a parcel, so a later key is
 * to be tried only when those before it found nothing.
 *
 * Upper-case, without duplicates, at most 12 keys of at most 128 characters; longer ones are left out, because
 * cut ones could collide. Empty for blank text and for more than 512 characters.
 */
export function identifiersFor(scanned: string, aimOrSymbology?: string): string[] {
  const scan = normaliseScan(scanned, aimOrSymbology);
  if (scan === null) return [];
  const candidates = findCandidates(scan).filter((candidate) => candidate.checkDigitValid !== false);
  const keys = [
    scan.data,
    ...candidates.map((candidate) => candidate.trackingNumber),
    ...candidates.flatMap((candidate) => candidate.aliases),
  ];
  const usable = keys.filter((key) => key.length > 0 && key.length <= maxIdentifierLength);
  return [...new Set(usable)].slice(0, maxIdentifiers);
}
