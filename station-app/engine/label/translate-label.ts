import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { LabelLanguage } from "@waystation/drivers/printers/language";
import { encodeRasterLabel } from "@waystation/drivers/printers/raster";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Bitmap } from "@waystation/shared/label/label-document";
import { thresholdImage } from "./bitmap.ts";
import type { ComposedLabel } from "./composed-label.ts";
import type { LabelStock } from "./encode-png-label.ts";

const dotsPerMillimetre = { 203: 8, 300: 12, 600: 24 } as const;

/**
 * A ZPL label for a printer of another language: drawn dot for dot and sent as one picture, so that the house's label
 * and a carrier's come out alike on every printer. Takes a few hundred milliseconds: for benches, not for belts.
 * Fails with `label.invalid` where the job holds several labels or cannot be drawn.
 */
export async function translateLabel(
  label: ComposedLabel,
  language: LabelLanguage,
  stock: LabelStock,
): Promise<Result<ComposedLabel>> {
  if (language === "zpl") return succeed(label);
  if (label.labels !== 1)
    return fail("label.invalid", { reason: `${label.labels} labels in one job cannot become a picture` });
  const bitmap = await drawZpl(label.bytes, stock);
  if (!bitmap.ok) return bitmap;
  const { widthPixels: widthDots, heightPixels: heightDots, rows } = bitmap.value;
  return succeed({ ...label, bytes: encodeRasterLabel(language, { widthDots, heightDots, rows }) });
}

/** Loaded with the first label that needs it: nine megabytes that a station with ZPL printers never sees. */
async function drawZpl(zpl: Uint8Array, stock: LabelStock): Promise<Result<Bitmap>> {
  try {
    const { ready } = await import("zpl-renderer-js");
    const { api } = await ready;
    const base64 = await api.zplToBase64Async(
      new TextDecoder().decode(zpl),
      stock.widthMillimetres,
      stock.heightMillimetres,
      dotsPerMillimetre[stock.dotsPerInch],
    );
    const picture = await loadImage(Buffer.from(base64, "base64"));
    const { width, height } = picture;
    const context = createCanvas(width, height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return succeed(thresholdImage({ widthPixels: width, heightPixels: height, rgba: data }));
  } catch (error) {
    return fail("label.invalid", { reason: "it cannot be drawn for this printer" }, error);
  }
}
