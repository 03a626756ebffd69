import { readDhl } from "./dhl.ts";
import { readDpd } from "./dpd.ts";
import { readFedex } from "./fedex.ts";
import type { BarcodeCarrier, BarcodeMatch, Candidate, Evidence } from "./format.ts";
import { readGs1 } from "./gs1.ts";
import { type NormalisedScan, normaliseScan } from "./normalise.ts";
import { readS10 } from "./s10.ts";
import { readSscc } from "./sscc.ts";
import { readUps } from "./ups.ts";
import { readUsps } from "./usps.ts";
import { readYunExpress } from "./yunexpress.ts";

export type { BarcodeCarrier, BarcodeMatch };

export type Identification = {
  /** Normalised: upper-case, without blanks, symbology identifier, separators, GS1 brackets; empty if too long. */
  readonly data: string;
  /** Valid check digits first, then forms without one, then wrong ones; among equals the more particular form. */
  readonly matches: readonly BarcodeMatch[];
};

/**
 * What a scanned or typed text can be. Never throws; more than 512 characters match nothing.
 *
 * A wrong check digit is reported (`false`) for forms known by their letters or leading digits; where a form is
 * only a digit count it means another kind of number, and there is no match. Forms without check digit (`null`):
 * YunExpress, DHL piece id, both DHL E-Commerce forms, the DPD symbol ("%..."), DPD's 14 digits without their
 * check character, and GS1 data none of whose identifiers has one.
 *
 * @param aimOrSymbology what the scanner said apart from the data: "]C1", "gs1-128".
 */
export function identifyBarcode(data: string, aimOrSymbology?: string): Identification {
  const scan = normaliseScan(data, aimOrSymbology);
  if (scan === null) return { data: "", matches: [] };
  return { data: scan.data, matches: findCandidates(scan).map(toMatch) };
}

/** Sorted by certainty, one per carrier and tracking number. */
export function findCandidates(scan: NormalisedScan): Candidate[] {
  const { data } = scan;
  const candidates = [
    ...readS10(data),
    ...readUps(data),
    ...readUsps(data),
    ...readYunExpress(data),
    ...readSscc(data),
    ...readFedex(data),
    ...readDpd(data),
    ...readDhl(data),
    ...readGs1(scan),
  ].sort((one, other) => rank(one) - rank(other));
  const firsts = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = `${candidate.carrier} ${candidate.trackingNumber}`;
    if (!firsts.has(key)) firsts.set(key, candidate);
  }
  return [...firsts.values()];
}

const evidenceRank: Readonly<Record<Evidence, number>> = { prefix: 0, structure: 1, length: 2 };

/** Equal ranks keep the order of the carriers above: `sort` is stable. */
function rank({ checkDigitValid, evidence }: Candidate): number {
  const certainty = checkDigitValid === null ? 1 : checkDigitValid ? 0 : 2;
  return certainty * 3 + evidenceRank[evidence];
}

function toMatch({ carrier, trackingNumber, checkDigitValid, name }: Candidate): BarcodeMatch {
  return { carrier, trackingNumber, checkDigitValid, name };
}
