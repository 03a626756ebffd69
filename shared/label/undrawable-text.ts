import { type Result, succeed } from "../failures/result.ts";
import type { LabelDocument, LabelElement, RasteriseText } from "./label-document.ts";
import { printerCanDraw } from "./text-layout.ts";

/** The same label with every text the printer cannot draw replaced by a picture of it. */
export function replaceUndrawableText(
  document: LabelDocument,
  rasteriseText: RasteriseText,
): Result<LabelDocument> {
  const elements: LabelElement[] = [];
  for (const element of document.elements) {
    if (element.kind !== "text" || printerCanDraw(element.text)) {
      elements.push(element);
      continue;
    }
    const bitmap = rasteriseText(element.text, element);
    if (!bitmap.ok) return bitmap;
    elements.push({ kind: "image", xDots: element.xDots, yDots: element.yDots, bitmap: bitmap.value });
  }
  return succeed({ ...document, elements });
}
