import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { quoteText } from "../kit/text.ts";

/** What every scanner family lets a site say about the barcodes it wants; spread into the family's options. */
export const scanFilterOptions = {
  /** Symbologies let through; absent: all of them. */
  allow: z.array(z.string()).optional(),
  /** Starts of configuration barcodes that must never reach a parcel. */
  refusePrefixes: z.array(z.string().min(1)).default([]),
  /** In characters, AIM id and prefix not counted. */
  minimumLength: z.int().min(1).max(4096).default(1),
  maximumLength: z.int().min(1).max(4096).default(4096),
  /** What a barcode here is made of; GS is always let through, it separates the fields of a GS1 barcode. */
  characters: z.enum(["any", "ascii", "alphanumeric", "digits"]).default("any"),
  /** Let through besides, e.g. "-" where the parcel numbers of the site have hyphens. */
  extraCharacters: z.string().max(64).default(""),
};
const filterSchema = z.object(scanFilterOptions);
export type ScanFilter = z.infer<typeof filterSchema>;

/**
 * Controls but GS, and the invisible signs that turn or break a line: on a screen or in a log they would show
 * another text than the one that was scanned.
 */
const forbidden = /[\u0000-\u001c\u001e\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/;

export const hasForbiddenCharacter = (text: string): boolean => forbidden.test(text);

const characterClasses: Readonly<Record<ScanFilter["characters"], RegExp>> = {
  any: /./su,
  ascii: /[ -~]/,
  alphanumeric: /[0-9A-Za-z]/,
  digits: /[0-9]/,
};

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

/** The one gate between a scanner's text and a scan reading: data without AIM id, prefix and suffix. */
export function acceptScan(data: string, symbology: string, filter: ScanFilter): readonly Reading[] {
  if (data.length === 0) return refused("empty barcode");
  if (hasForbiddenCharacter(data)) return refused(`control character in ${quoteText(data)}`);
  if (filter.allow && !filter.allow.includes(symbology)) {
    return refused(`symbology ${symbology} is not allowed`);
  }
  if (filter.refusePrefixes.some((prefix) => data.startsWith(prefix))) {
    return refused(`configuration barcode ${quoteText(data)}`);
  }
  if (data.length < filter.minimumLength || data.length > filter.maximumLength) {
    return refused(`${data.length} characters: ${quoteText(data)}`);
  }
  const stranger = findStranger(data, filter);
  return stranger === null
    ? [{ kind: "scan", data, symbology }]
    : refused(`${quoteText(stranger)} in ${quoteText(data)}`);
}

/** The first character the site does not expect. */
function findStranger(data: string, { characters, extraCharacters }: ScanFilter): string | null {
  const expected = characterClasses[characters];
  for (const character of data) {
    const isWelcome =
      character === "\u001d" || expected.test(character) || extraCharacters.includes(character);
    if (!isWelcome) return character;
  }
  return null;
}
