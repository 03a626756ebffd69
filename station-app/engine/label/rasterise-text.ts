import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Bitmap, RasteriseText } from "@waystation/shared/label/label-document";
import { lineHeightDots } from "@waystation/shared/label/text-layout";
import { thresholdImage } from "./bitmap.ts";
import { loadLabelFonts } from "./label-fonts.ts";

/** Stands for a symbol (an emoji, say) that no bundled font has. A letter is never replaced. */
const replacement = "□";

/**
 * Draws one line of text of any bundled script, mixed ones too, as a bitmap one line high. Letters join and run in
 * their own direction; a line that begins in Arabic begins at its right. Text too wide for its place is drawn
 * smaller. Fails with `label.invalid` when a letter has no glyph: an address with a hole is worse than no label.
 */
export const rasteriseText: RasteriseText = (text, { heightDots, maximumWidthDots }) => {
  const drawable = replaceSymbols(text);
  if (!drawable.ok) return drawable;
  const line = fitLine(drawable.value, heightDots, maximumWidthDots);
  return succeed(drawLine(line, lineHeightDots(heightDots)));
};

function replaceSymbols(text: string): Result<string> {
  const { hasGlyph } = loadLabelFonts();
  let drawable = "";
  for (const char of text.toWellFormed()) {
    const codePoint = char.codePointAt(0) ?? 0;
    if (/[\p{Cc}\p{Variation_Selector}]/u.test(char)) continue; // nothing to see; some fonts leave a gap
    if (hasGlyph(codePoint)) drawable += char;
    else if (/[\p{L}\p{N}]/u.test(char)) {
      const name = `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
      return fail("label.invalid", { reason: `no font of this station has the letter ${name}` });
    } else if (!/[\p{M}\p{Cf}]/u.test(char)) drawable += replacement;
  }
  return succeed(drawable);
}

type Line = {
  readonly text: string;
  readonly font: string;
  readonly direction: "ltr" | "rtl";
  readonly width: number;
  readonly left: number;
  readonly ascent: number;
  readonly descent: number;
};

/** Glyphs of different fonts rise and hang differently: the size goes down until the measured ink fits. */
function fitLine(text: string, heightDots: number, maximumWidthDots: number): Line {
  const context = createCanvas(1, 1).getContext("2d");
  for (let size = heightDots; ; size--) {
    const line = measureLine(context, text, size);
    const fits = line.width <= maximumWidthDots && line.ascent + line.descent <= lineHeightDots(heightDots);
    if (fits || size <= 8) return { ...line, width: Math.min(line.width, maximumWidthDots) };
  }
}

function measureLine(context: SKRSContext2D, text: string, size: number): Line {
  const font = `${size}px ${loadLabelFonts().families}`;
  const direction = startsRightToLeft(text) ? "rtl" : "ltr";
  setUp(context, font, direction);
  const ink = context.measureText(text);
  const left = Math.max(0, Math.ceil(ink.actualBoundingBoxLeft));
  const right = Math.max(Math.ceil(ink.actualBoundingBoxRight), Math.ceil(ink.width));
  return {
    text,
    font,
    direction,
    left,
    width: Math.max(1, left + right),
    ascent: Math.ceil(ink.actualBoundingBoxAscent),
    descent: Math.ceil(ink.actualBoundingBoxDescent),
  };
}

function drawLine(line: Line, heightPixels: number): Bitmap {
  const { width: widthPixels, ascent, descent } = line;
  const context = createCanvas(widthPixels, heightPixels).getContext("2d");
  setUp(context, line.font, line.direction);
  // Where the printer's own font has it, so that drawn and printed lines are evenly spaced.
  const baseline = Math.min(Math.max(ascent, Math.round(heightPixels * 0.65)), heightPixels - descent);
  context.fillText(line.text, line.left, baseline);
  const { data } = context.getImageData(0, 0, widthPixels, heightPixels);
  return thresholdImage({ widthPixels, heightPixels, rgba: data });
}

function setUp(context: SKRSContext2D, font: string, direction: "ltr" | "rtl"): void {
  context.font = font;
  context.direction = direction;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillStyle = "#000";
}

/** The first letter decides, as in the Unicode Bidirectional Algorithm (rules P2 and P3). */
function startsRightToLeft(text: string): boolean {
  const first = /\p{L}/u.exec(text)?.[0] ?? "";
  return /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(first);
}
