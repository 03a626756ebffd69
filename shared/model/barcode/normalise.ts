/** Longer input is no waybill: a 2D code of another purpose, or noise. */
export const maxScanLength = 512;

/** FNC1 as scanners transmit it inside a GS1 symbol. */
export const groupSeparator = "\u001d";

export type NormalisedScan = {
  /** Upper-case, without blanks, symbology identifier, group separators and GS1 brackets. */
  readonly data: string;
  /** Letters and group separators as scanned, for reading GS1 elements. */
  readonly elementString: string;
  /** The human form `(00)...` of a GS1 element string. */
  readonly bracketed: boolean;
  /** Symbology, separator or brackets say that this is GS1 data. */
  readonly isGs1: boolean;
};

const blanks = /\s+/g;
const separators = /\u001d+/g;
/** AIM symbology identifiers, ISO/IEC 15424; repeated because gateways add their own in front. */
const aimPrefix = /^(?:\u001d|\][A-Za-z][0-9A-Za-z])+/;
/** GS1-128, DataBar, GS1 DataMatrix, GS1 QR, GS1 DotCode, or their names. Case matters: ]E0 is EAN, no element string. */
const gs1Symbology = /\]C1|\]e[0-3]|\]d2|\]Q3|\]J1|^gs1|^databar/;
const bracketedAi = /\((\d{2,4})\)/g;
const startsBracketed = /^\(\d{2,4}\)/;

/** `aimOrSymbology` is what the scanner said apart from the data: "]C1", "gs1-128". Null beyond `maxScanLength`. */
export function normaliseScan(scanned: string, aimOrSymbology = ""): NormalisedScan | null {
  if (scanned.length > maxScanLength) return null;
  const dense = scanned.replace(blanks, "");
  const prefix = aimPrefix.exec(dense)?.[0] ?? "";
  const elementString = dense.slice(prefix.length);
  const bare = dense.replace(separators, "").replace(aimPrefix, "");
  const bracketed = startsBracketed.test(bare);
  return {
    data: upperCase(bracketed ? bare.replace(bracketedAi, "$1") : bare),
    elementString,
    bracketed,
    isGs1:
      bracketed ||
      dense.includes(groupSeparator) ||
      gs1Symbology.test(prefix) ||
      gs1Symbology.test(aimOrSymbology),
  };
}

/** ASCII only: full Unicode case mapping changes lengths and is not stable under repetition. */
function upperCase(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
