import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import {
  composeHouseLabel,
  type HouseLabelInput,
  type LabelSource,
} from "@waystation/shared/label/house-label";
import type { DotsPerInch } from "@waystation/shared/label/label-document";
import { lintZpl } from "@waystation/shared/label/lint";
import { replaceUndrawableText } from "@waystation/shared/label/undrawable-text";
import { encodeZpl } from "@waystation/shared/label/zpl";
import type { LabelLanguage } from "@waystation/drivers/printers/language";
import type { ComposedLabel } from "./composed-label.ts";
import { encodeImage } from "./encode-image.ts";
import { encodePngLabel, type LabelStock } from "./encode-png-label.ts";
import { translateLabel } from "./translate-label.ts";
import { rasteriseText } from "./rasterise-text.ts";

const standardStock: LabelStock = { widthMillimetres: 100, heightMillimetres: 150, dotsPerInch: 203 };

/**
 * The bytes to print for one parcel. A carrier's ZPL goes through unchanged, down to the byte, once it has been
 * found harmless; a carrier's PNG becomes an image; otherwise our own label is composed (100 x 150 mm, whatever
 * the stock's size). Fails with `label.invalid`.
 */
export async function composeLabel(
  source: LabelSource,
  context: { readonly orderId: string; readonly stock?: LabelStock; readonly language?: LabelLanguage },
): Promise<Result<ComposedLabel>> {
  const { stock = standardStock, language = "zpl" } = context;
  const zpl = await composeBySource(source, stock);
  const composed = zpl.ok ? await translateLabel(zpl.value, language, stock) : zpl;
  if (composed.ok) return composed;
  const { code, details, cause } = composed.failure;
  return fail(code, { ...details, orderId: context.orderId }, cause);
}

async function composeBySource(source: LabelSource, stock: LabelStock): Promise<Result<ComposedLabel>> {
  switch (source.kind) {
    case "zpl":
      return passThrough(source.bytes);
    case "png":
      return finish("png-carrier", await encodePngLabel(source.bytes, stock));
    case "house":
      return finish("house", composeHouseZpl(source.fields, stock.dotsPerInch));
  }
}

function passThrough(bytes: Uint8Array): Result<ComposedLabel> {
  const { refusals, labels } = lintZpl(bytes);
  const first = refusals[0];
  if (first !== undefined) {
    return fail("label.invalid", { reason: `${first.reason} (byte ${first.offset} of the carrier's label)` });
  }
  return succeed({ bytes, format: "zpl-carrier", labels });
}

export function composeHouseZpl(fields: HouseLabelInput, dotsPerInch: DotsPerInch): Result<string> {
  const wanted = composeHouseLabel(fields, dotsPerInch);
  if (!wanted.ok) return wanted;
  const drawable = replaceUndrawableText(wanted.value, rasteriseText);
  return drawable.ok ? encodeZpl(drawable.value, encodeImage) : drawable;
}

function finish(format: ComposedLabel["format"], zpl: Result<string>): Result<ComposedLabel> {
  return zpl.ok ? succeed({ bytes: new TextEncoder().encode(zpl.value), format, labels: 1 }) : zpl;
}
