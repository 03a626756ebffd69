/**
 * Can the printer's own scalable font (`^A0`, CG Triumvirate) be trusted with this text? Latin-1 and Latin
 * Extended-A, one code point per character. Everything else is drawn by us: an image is right on every printer.
 */
export function printerCanDraw(text: string): boolean {
  return /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u017f]*$/.test(text);
}

/**
 * One printable line: composed (NFC), control characters and runs of blanks as one space, without the invisible
 * marks that would let an address read in another order than it was written.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .normalize("NFC")
    .replace(/[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g, "")
    .replace(/[\p{Cc}\p{Z}]+/gu, " ")
    .trim();
}

export type LaidOutText = { readonly lines: readonly string[]; readonly heightDots: number };

/** A line with its gap to the next one, for a character cell of the given height. */
export const lineHeightDots = (heightDots: number): number => Math.ceil(heightDots * 1.25);

/** The tallest text between the two heights that fits the box, or undefined: text is never cut off. */
export function fitText(
  paragraphs: readonly string[],
  box: {
    readonly widthDots: number;
    readonly heightDots: number;
    readonly tallestDots: number;
    readonly smallestDots: number;
  },
): LaidOutText | undefined {
  let best: LaidOutText | undefined;
  let low = box.smallestDots;
  let high = box.tallestDots;
  for (let heightDots = high; low <= high; heightDots = (low + high + 1) >> 1) {
    const lines = paragraphs.flatMap((paragraph) => wrapText(paragraph, box.widthDots / heightDots));
    const fits = lines.length * lineHeightDots(heightDots) <= box.heightDots;
    if (fits) best = { lines, heightDots };
    if (fits) low = heightDots + 1;
    else high = heightDots - 1;
  }
  return best;
}

/** Breaks at spaces and around Han; a word longer than a line breaks where the line ends. */
export function wrapText(text: string, widthEms: number): string[] {
  const lines: string[] = [];
  let line = "";
  let lineEms = 0;
  for (const word of text.match(/\p{Script=Han}|[^\s\p{Script=Han}]+|\s+/gu) ?? []) {
    const wordEms = estimateEms(word);
    if (lineEms + wordEms <= widthEms) {
      line += word;
      lineEms += wordEms;
      continue;
    }
    if (line.trim() !== "") lines.push(line.trim());
    const pieces = breakWord(word.trim(), widthEms);
    line = pieces.pop() ?? "";
    lineEms = estimateEms(line);
    lines.push(...pieces);
  }
  if (line.trim() !== "") lines.push(line.trim());
  return lines;
}

function breakWord(word: string, widthEms: number): string[] {
  const pieces: string[] = [];
  let piece = "";
  let pieceEms = 0;
  for (const char of word) {
    const ems = estimateEms(char);
    if (piece !== "" && pieceEms + ems > widthEms) {
      pieces.push(piece);
      piece = "";
      pieceEms = 0;
    }
    piece += char;
    pieceEms += ems;
  }
  return piece === "" ? pieces : [...pieces, piece];
}

/** Width in character heights, on the generous side: no printer tells us, and a line must never run off. */
export function estimateEms(text: string): number {
  let ems = 0;
  for (const char of text) ems += charEms(char);
  return ems;
}

function charEms(char: string): number {
  if (/[\p{Mn}\u200c\u200d]/u.test(char)) return 0;
  if (/[ iljI.,:;'!|()[\]]/.test(char)) return 0.32;
  if (/[MWmw@%]/.test(char)) return 0.9;
  if (/[\u0020-\u017f]/.test(char)) return /[\p{Lu}#&+=<>~]/u.test(char) ? 0.68 : 0.58;
  return /[\u1100-\u11ff\u2e80-\uffef]|[\u{10000}-\u{10ffff}]/u.test(char) ? 1 : 0.72;
}
