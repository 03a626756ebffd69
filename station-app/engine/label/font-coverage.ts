import { assert } from "@waystation/shared/failures/assert";

/** The code points a font has glyphs for, as sorted pairs of first and last. */
export type FontCoverage = readonly (readonly [first: number, last: number])[];

/**
 * Reads a TrueType or OpenType font's `cmap` (OpenType specification, "cmap", formats 4 and 12). The canvas would
 * draw an empty box, or whatever font the machine happens to have, without saying so; so we look first.
 */
export function readFontCoverage(font: Buffer): FontCoverage {
  const cmap = findTable(font, "cmap");
  const tables = Array.from({ length: font.readUInt16BE(cmap + 2) }, (_, index) => {
    const start = cmap + font.readUInt32BE(cmap + 4 + 8 * index + 4);
    return { start, format: font.readUInt16BE(start) };
  });
  const full = tables.find((table) => table.format === 12);
  const basic = tables.find((table) => table.format === 4);
  if (full !== undefined) return readGroups(font, full.start);
  assert(basic !== undefined, "a bundled font without a usable cmap");
  return readSegments(font, basic.start);
}

export function covers(coverage: FontCoverage, codePoint: number): boolean {
  let low = 0;
  let high = coverage.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = coverage[middle] ?? [0, 0];
    if (codePoint < first) high = middle - 1;
    else if (codePoint > last) low = middle + 1;
    else return true;
  }
  return false;
}

function findTable(font: Buffer, tag: string): number {
  for (let index = 0; index < font.readUInt16BE(4); index++) {
    const record = 12 + 16 * index;
    if (font.toString("latin1", record, record + 4) === tag) return font.readUInt32BE(record + 8);
  }
  throw new Error(`a bundled font without ${tag}`);
}

/** Format 12: groups of first, last and glyph. */
function readGroups(font: Buffer, start: number): FontCoverage {
  return Array.from({ length: font.readUInt32BE(start + 12) }, (_, index) => {
    const group = start + 16 + 12 * index;
    return [font.readUInt32BE(group), font.readUInt32BE(group + 4)] as const;
  });
}

/** Format 4: all last code points, two bytes of padding, all first ones. The final segment is a sentinel. */
function readSegments(font: Buffer, start: number): FontCoverage {
  const doubledCount = font.readUInt16BE(start + 6);
  const segments = Array.from({ length: doubledCount / 2 }, (_, index) => {
    const last = start + 14 + 2 * index;
    return [font.readUInt16BE(last + doubledCount + 2), font.readUInt16BE(last)] as const;
  });
  return segments.filter(([, last]) => last !== 0xffff);
}
