import type { Result } from "../failures/result.ts";

/** A label as we want it to look, before any printer language. Positions and sizes inside are whole dots. */
export type LabelDocument = {
  readonly widthMillimetres: number;
  readonly heightMillimetres: number;
  readonly dotsPerInch: DotsPerInch;
  readonly elements: readonly LabelElement[];
};

/** What label printers come with. */
export type DotsPerInch = 203 | 300 | 600;

/** `x`, `y` are the upper left corner, from the label's upper left corner. */
type At = { readonly xDots: number; readonly yDots: number };

/** One line of text; `heightDots` is the character cell. A picture of it is never wider than `maximumWidthDots`. */
export type TextElement = At & {
  readonly kind: "text";
  readonly text: string;
  readonly heightDots: number;
  readonly maximumWidthDots: number;
};

export type Code128Element = At & {
  readonly kind: "code128";
  /** Printable ASCII. */
  readonly data: string;
  readonly heightDots: number;
  /** Width of the narrowest bar. */
  readonly moduleDots: number;
};

/** GS1 element strings in order, e.g. `{ identifier: "420", value: "90210" }`. */
export type Gs1Element = { readonly identifier: string; readonly value: string };

export type LabelElement =
  | TextElement
  | Code128Element
  | (At & {
      readonly kind: "gs1-128";
      readonly data: readonly Gs1Element[];
      readonly heightDots: number;
      readonly moduleDots: number;
    })
  | (At & { readonly kind: "qr" | "datamatrix"; readonly data: string; readonly moduleDots: number })
  /** A frame; as thick as it is high or wide, a line. */
  | (At & {
      readonly kind: "box";
      readonly widthDots: number;
      readonly heightDots: number;
      readonly thicknessDots: number;
    })
  | (At & { readonly kind: "image"; readonly bitmap: Bitmap });

/** One bit per pixel, 1 is black, most significant bit first; every row starts at a new byte. */
export type Bitmap = {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** `heightPixels` rows of `Math.ceil(widthPixels / 8)` bytes; the bits after a row's last pixel are 0. */
  readonly rows: Uint8Array;
};

/** Draws one line of any script. Fails with `label.invalid` when no font has one of its letters. */
export type RasteriseText = (
  text: string,
  size: { readonly heightDots: number; readonly maximumWidthDots: number },
) => Result<Bitmap>;

/** A whole `^GF` command, to be placed `yOffsetDots` below the image's corner. */
export type ImageBand = { readonly yOffsetDots: number; readonly command: string };
export type EncodeImage = (bitmap: Bitmap) => readonly ImageBand[];

export function millimetresToDots(millimetres: number, dotsPerInch: DotsPerInch): number {
  return Math.round((millimetres * dotsPerInch) / 25.4);
}
