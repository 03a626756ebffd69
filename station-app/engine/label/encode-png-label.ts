import { createCanvas, loadImage } from "@napi-rs/canvas";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import {
  type Bitmap,
  type DotsPerInch,
  type LabelDocument,
  millimetresToDots,
} from "@waystation/shared/label/label-document";
import { encodeZpl } from "@waystation/shared/label/zpl";
import { thresholdImage } from "./bitmap.ts";
import { checkPng, type PngSize } from "./check-png.ts";
import { encodeImage } from "./encode-image.ts";

export type LabelStock = {
  readonly widthMillimetres: number;
  readonly heightMillimetres: number;
  readonly dotsPerInch: DotsPerInch;
};

/**
 * A carrier's PNG label as ZPL. A picture that lies across is turned; one that is too large is made smaller, but
 * never for a few per cent: 4 x 6 inches on 100 x 150 mm print dot for dot and lose white edge, because resampling
 * by 2 % would leave bars of uneven width. Fails with `label.invalid`.
 */
export async function encodePngLabel(png: Uint8Array, stock: LabelStock): Promise<Result<string>> {
  const size = checkPng(png);
  if (!size.ok) return size;
  const bitmap = await drawPng(png, placePicture(size.value, stock));
  if (!bitmap.ok) return bitmap;
  const image = { kind: "image", xDots: 0, yDots: 0, bitmap: bitmap.value } as const;
  const document: LabelDocument = { ...stock, elements: [image] };
  return encodeZpl(document, encodeImage);
}

type Placement = PngSize & { readonly turned: boolean };

/** How many times larger than the label a picture may be and still print dot for dot. */
const toleratedExcess = 1.03;

/** The size in dots at which the picture prints, after turning. */
function placePicture(png: PngSize, stock: LabelStock): Placement {
  const turned = png.widthPixels > png.heightPixels !== stock.widthMillimetres > stock.heightMillimetres;
  const width = turned ? png.heightPixels : png.widthPixels;
  const height = turned ? png.widthPixels : png.heightPixels;
  const excess = Math.max(
    width / millimetresToDots(stock.widthMillimetres, stock.dotsPerInch),
    height / millimetresToDots(stock.heightMillimetres, stock.dotsPerInch),
  );
  const scale = excess <= toleratedExcess ? 1 : 1 / excess;
  return {
    turned,
    widthPixels: Math.max(1, Math.floor(width * scale)),
    heightPixels: Math.max(1, Math.floor(height * scale)),
  };
}

async function drawPng(png: Uint8Array, placement: Placement): Promise<Result<Bitmap>> {
  const { widthPixels, heightPixels, turned } = placement;
  try {
    const picture = await loadImage(png);
    const context = createCanvas(widthPixels, heightPixels).getContext("2d");
    context.imageSmoothingQuality = "high";
    if (turned) {
      context.translate(widthPixels, 0);
      context.rotate(Math.PI / 2);
      context.drawImage(picture, 0, 0, heightPixels, widthPixels);
    } else context.drawImage(picture, 0, 0, widthPixels, heightPixels);
    const { data } = context.getImageData(0, 0, widthPixels, heightPixels);
    return succeed(thresholdImage({ widthPixels, heightPixels, rgba: data }));
  } catch (cause) {
    return fail("label.invalid", { reason: "the PNG cannot be drawn" }, cause);
  }
}
